#pragma once

/// Takes over what dead processes of this application left: their stores, then their arenas, one at
/// a time. What it finds goes into this process's store; where there is none, into this arena.
///
///   sibling stores ─ adopt ─► our store
///   orphan arena: lanes ─► its log ─► encoded with its resource and clock ─┐
///                 open spans ─► its log (flagged `interrupted`)            ├─► our store, or our
///                 arena bodies that are not settled ─────────────────────────────┘
///
/// Who calls: the storekeeper, on its thread. Blocking: as long as the disk; one slice a step.
/// Full: without room in store or arena it waits and tries again. Of many arenas two are open at a
/// time; the next are looked for once these are empty, while the store would evict nothing for them.
///
/// Commit points: a body is ours (stored or in our table), then it is settled in the orphan, or the
/// orphan's cursor moves on. A process that dies in between finds the body in both; in the store it
/// has one identity and is stored once.

#include "actors/durable.h"
#include "actors/part.h"
#include "runtime/arena/adoption.h"

#include <string>
#include <vector>

namespace posthaste::actors {

class Adopter {
public:
  explicit Adopter(Durable& durable) : durable_(durable) {}

  /// Looks for what the dead left, when that is due. What our store has of their bodies is settled
  /// with them: so it must come before anything of the store is sent.
  void search(SteadyTime now);
  /// A slice of work; when the next is due.
  SteadyTime step(SteadyTime now);

private:
  bool adopt_stores();
  void say_adopted(const OrphanArena& orphan);
  std::uint64_t count_lost(const std::vector<arena::LostRecords>& all);
  void find_arenas(bool first);
  void open_arenas(std::vector<arena::OrphanFile> files);
  bool has_room() const;
  SteadyTime next_arenas(SteadyTime now);

  Durable& durable_;
  std::vector<std::string> stores_;
  bool stores_found_ = false;
  SteadyTime next_search_{};
  bool more_wait_ = false;                // arenas that were too many for the last search
  std::vector<std::string> passed_over_;  // arenas that could not be opened
};

/// Identity of a piece of an arena's log, for the store.
persistence::Origin origin_of(const arena::Arena& arena, std::uint64_t begin, std::uint64_t end);
/// Of a body: of its piece of the log, or of its batch where it was taken over from another arena.
persistence::Origin origin_of(const arena::Arena& arena, const arena::BodyEntry& entry);

}  // namespace posthaste::actors

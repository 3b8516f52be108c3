#pragma once

/// One orphan arena while it is being emptied: its lanes and open spans go to its own log, the log
/// is encoded with the dead process's resource, scopes and clock, and every body that comes of it,
/// or was there, is handed over. The adopter's; see adopter.h for the order of commits.
///
/// Threads: the storekeeper's. Blocking: one commit of the store a step.

#include "actors/durable.h"
#include "actors/encoded_extent.h"
#include "actors/record_filter.h"
#include "runtime/arena/adoption.h"
#include "runtime/arena/bodies.h"
#include "runtime/arena/lane.h"
#include "runtime/arena/log.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace posthaste::actors {

class OrphanArena {
public:
  OrphanArena(Durable& durable, arena::Orphan orphan);

  /// Bodies that our store has are settled: their owner was killed between the store's commit and
  /// the entry. What is sent from the store is forgotten there, and would then be taken for new.
  void settle_stored();

  enum class Progress : std::uint8_t { more, blocked, empty };
  /// One batch of records, or one body.
  Progress step();
  /// Nothing is left: its file goes.
  void remove() noexcept { orphan_.remove(); }
  /// Something is left: its file stays for another adopter.
  void leave() noexcept { orphan_.region().leave(); }
  std::uint64_t adopted() const noexcept { return adopted_; }  // records, of all outputs
  std::uint64_t corrupt() const noexcept { return corrupt_; }  // likewise, damaged: lost

private:
  enum class Handed : std::uint8_t { yes, waits };
  /// One of its outputs that is one of ours as well.
  struct Pair {
    std::uint32_t theirs;
    Custody* ours;
    std::unique_ptr<arena::BodyWriter> writer;  // moves their cursor
    std::unique_ptr<LogStretch> stretch;
    std::unique_ptr<ExtentEncoder> encoder;
    bool pushed = false;  // what comes next lies in our transmitter's inbox
  };

  void pair_outputs();
  void let_go_of_strangers();
  bool copy_open_spans();
  bool copy_lanes();
  template <typename Condition>
  bool any_pushed(Condition condition) const;
  Progress hand_over_bodies(Pair& pair);
  Progress hand_over_log(Pair& pair);
  Handed hand_over(Pair& pair, persistence::BatchHeader header,
                   std::vector<std::span<const std::byte>> body, std::vector<std::byte> map);

  Durable& durable_;
  arena::Orphan orphan_;
  arena::Arena theirs_;
  std::optional<arena::LaneReader> lanes_;
  std::optional<arena::LogWriter> log_;
  RecordFilter filter_;
  std::vector<Pair> pairs_;
  std::uint64_t adopted_ = 0;
  std::uint64_t corrupt_ = 0;
  bool spans_copied_ = false;
};

}  // namespace posthaste::actors

#pragma once

/// What follows an answer: who is counted as delivered or dropped, what remains, and where it goes.
/// The transmitter's right hand; one call per request.
///
/// Commit points, in this order, each without a possible exception behind the first: the order on
/// the store's desk (of leases); the counts; the entry in the table, by settle or replace; the
/// flight and its answer. A transmitter that dies before the first repeats the call with the same
/// answer, one that dies behind the last has nothing to repeat.
///
/// Threads:  the transmitter's. Blocking: a gunzip and a gzip where a body is cut, about 2 ms.
/// Full:     when a remainder finds no room in the arena, the whole body is sent again, and what
/// the
///           service had accepted of it is counted as ambiguous.

#include "actors/custody.h"
#include "actors/durable.h"
#include "actors/retry_policy.h"
#include "actors/slice.h"
#include "actors/tally.h"
#include "runtime/arena/bodies.h"
#include "runtime/wire/body_lines.h"

#include <chrono>
#include <optional>

namespace posthaste::actors {

class Settlement {
public:
  Settlement(Durable& durable, Custody& custody, std::uint64_t seed);

  /// What an answer says of the output, for Flow.
  struct Effect {
    enum class Kind : std::uint8_t { worked, neutral, failed } kind = Kind::neutral;
    std::chrono::nanoseconds pause{};  // before this cargo, or another of the store, is sent
    bool slow_down = false;

    static Effect worked() noexcept;
    static Effect failed(const NextStep& next, bool slow_down) noexcept;
  };
  /// What a request for this cargo carries: the whole body, or the first lines of one that was too
  /// large. `lines` says how many. Fails where body and map do not agree.
  Result<Consignment> load_body(arena::BodyIndex index);
  Result<Consignment> load_lease(const Lease& lease);
  /// The records of a body or a stored batch; `unknown` where its map does not say.
  model::SignalCounts signals_of(arena::BodyIndex index) const;
  static model::SignalCounts signals_of(const persistence::StoredBatch& batch);
  /// It cannot be sent at all: dropped as corrupt.
  void discard_body(arena::BodyIndex index) noexcept;
  void discard_lease(Lease& lease);

  /// The flight is over: its cargo is settled, ready again, or given back to the store.
  Effect land(const Flight& flight, const Judgement& judgement, SteadyTime now);

  /// Whether the last landing was the cargo's end: it is delivered or dropped, with nothing left.
  bool ended_cargo() const noexcept { return ended_cargo_; }

  /// How long to wait before an output that is away is asked again.
  std::chrono::nanoseconds probe_pause(const Judgement& judgement, std::uint32_t failures) const {
    return policy_.delay(judgement, failures, custody_.number);
  }

  /// Takes a dead process's body into the table; false when there is no room for it now.
  bool take_in(const HeapBody& body);
  /// The lease ends without an answer.
  void give_back(Lease& lease);

  arena::BodyTable& table() noexcept { return table_; }
  /// Nothing is left to cut: the segment that remainders were written to can be free.
  void let_go() noexcept { writer_.let_go(); }

private:
  Effect land_body(const Flight& flight, const Judgement& judgement, SteadyTime now);
  void narrow(const Flight& flight, std::uint32_t sent, SteadyTime now) noexcept;
  Effect retry_body(arena::BodyIndex index, const Judgement& judgement, SteadyTime now);
  Effect keep_part(const Flight& flight, const Judgement& judgement, SteadyTime now);
  void settle_body(arena::BodyIndex index, const Tally& counts, DropReason reason,
                   const model::SignalCounts& dropped) noexcept;

  Effect land_lease(const Flight& flight, const Judgement& judgement, SteadyTime now);
  Effect retry_lease(Lease& lease, const Judgement& judgement, SteadyTime now);
  Effect keep_part_of_lease(Lease& lease, const Flight& flight, const Judgement& judgement,
                            SteadyTime now);
  void settle_lease(Lease& lease, const Tally& counts, DropReason reason,
                    const model::SignalCounts& dropped);
  void replace_lease(Lease& lease, HeapBody remains, const Tally& counts, DropReason reason);
  void forget_lease(persistence::StoreKey key) noexcept;
  void order_of_store(StoreOrder order);

  /// Of a batch that was taken in part: does the output take what comes, so that only the lines
  /// that it wants again have to wait? One busy line of hundreds is no reason to hold up all others,
  /// unless the service names a pause.
  static bool goes_on(const Judgement& judgement) noexcept;
  void count(const Tally& counts, DropReason refused, bool replayed) noexcept;
  static Attempts attempts_of(const BodyNote& note, bool blames, SteadyTime now);
  BodyNote next_note(const BodyNote& note, bool blames) const noexcept;
  wire::Compressor& compressor();
  /// Of a body of this kind in this output's queue.
  wire::BodyForm form_of(std::uint32_t kind) const noexcept;

  Durable& durable_;
  Custody& custody_;
  arena::BodyTable table_;
  arena::BodyWriter writer_;
  RetryPolicy policy_;
  bool ended_cargo_ = false;
  std::optional<wire::Compressor> compressor_;  // made when first needed: it is large
};

}  // namespace posthaste::actors

#pragma once

/// Sends one output's bodies, and decides what becomes of each: the writer of the output's
/// settlement table. One per output with an endpoint.
///
///   batcher ─► [ready] ─► transmitter ─ begin ─► delivery ─► endpoint
///                 ▲  │        ▲   └─ orders ─► storekeeper ─► LMDB
///   waits 1 s,    │  └────────┼── answers, results ◄──────────────┘
///   over share ───┴─► store   │
///                             └── leases: stored batches, beside live ones
///
/// Who calls: its shell. Threads: one. Blocking: never; about 20 µs a step, 2 ms where a body is
/// cut. Full: bodies that wait for more than a second, or that are more than the output's share of
/// the arena, go to the store; without a store the oldest are dropped (`lag`). No more than half of
/// the share is given to the store at a time: it cannot be dropped from there. Where the store is
/// that slow, or its disk hangs, and the arena runs short, the oldest of the others are dropped
/// (`store_io`), so that other outputs go on.
///
/// Commit points: of an answer, see settlement.h; of a body that is sent, the flight, then the
/// entry's state, then the delivery; of one that is stored, the entry's state, then the order, or
/// the state back. A flight that nobody carries, as its transmitter or delivery died before the
/// request was made, is taken for a lost connection.

#include "actors/custody.h"
#include "actors/deliveries.h"
#include "actors/durable.h"
#include "actors/flow.h"
#include "actors/part.h"
#include "actors/settlement.h"

namespace posthaste::actors {

class Transmitter final : public Part {
public:
  Transmitter(Durable& durable, std::uint32_t output, Deliveries& deliveries);
  SteadyTime step(SteadyTime now) override;

private:
  static constexpr std::chrono::seconds turn_limit{1};  // how long a body waits for its turn

  void take_store_results(SteadyTime now);
  void take_result(const StoreResult& result, SteadyTime now);
  void find_lost_flights(SteadyTime now);
  void take_answers(SteadyTime now);
  struct Attempt {
    bool replayed;
    SteadyTime begun;
  };
  void learn(const Settlement::Effect& effect, const Judgement& judgement, Attempt attempt,
             SteadyTime now);
  void tell_export(const Judgement& judgement, ErrorCode why, std::chrono::nanoseconds took);
  void say(const Judgement& judgement, const std::string& error, DiagnosticCode code);
  void say_warning(const Judgement& judgement);

  void collect_ready(SteadyTime now);
  void send(SteadyTime now);
  void probe(SteadyTime now);
  void replay(SteadyTime now);
  std::uint32_t unforgotten_leases() const;
  void ask_for_leases(std::size_t wanted);
  bool send_lease(SteadyTime now);
  void begin_body(arena::BodyIndex index, SteadyTime now);
  void begin_lease(Lease& lease, SteadyTime now);
  void give_leases_back();

  void put_away_overdue(SteadyTime now);
  bool is_overdue(const BodyNote& note, std::size_t place, SteadyTime now) const;
  void relieve(SteadyTime now);
  bool store_has_room(SteadyTime now, arena::BodyIndex index) const noexcept;
  void store(arena::BodyIndex index);
  void say_if_store_hangs(SteadyTime now);
  void drop(arena::BodyIndex index, DropReason reason);

  void publish(SteadyTime now);
  model::SignalCounts signals_in_memory() noexcept;
  SteadyTime next_step(SteadyTime now) const;
  std::uint32_t flights_of(Flight::Cargo cargo) const noexcept;
  /// When the live requests under way began, oldest first.
  std::vector<SteadyTime> begun_bodies() const;
  bool sends() const noexcept;

  Durable& durable_;
  Custody& custody_;
  Endpoint& endpoint_;
  Deliveries& deliveries_;
  Settlement settlement_;
  Flow flow_;
  SteadyTime replay_at_{};  // not before: jitter at the start, a pause after a failure
  bool started_ = false;
  bool failing_said_ = false;
  bool batcher_waits_ = false;           // something changed that it may wait for
  std::vector<arena::BodyIndex> ready_;  // of this step, oldest first
  std::uint32_t storing_ = 0;            // likewise: bodies that the storekeeper has
  std::uint64_t storing_bytes_ = 0;
};

}  // namespace posthaste::actors

#pragma once

/// What one output's parts hold in common, and what must outlive any of them: together with the
/// output's table in the arena and its queue in the store, this is the whole custody of its
/// records.
///
/// Threads:  as marked; "transmitter" means whichever incarnation is alive, one at a time.
/// Blocking: the inboxes' short mutexes.

#include "actors/answers.h"
#include "actors/daily_budget.h"
#include "actors/inbox.h"
#include "actors/rate_meter.h"
#include "actors/request_tally.h"
#include "actors/signal_account.h"
#include "actors/store_desk.h"
#include "runtime/arena/bodies.h"
#include "runtime/config/final_output.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace posthaste::actors {

/// A request under way: what it carries.
struct Flight {
  enum class Cargo : std::uint8_t { body, lease };
  Ticket ticket = 0;
  Cargo cargo{};
  arena::BodyIndex body = 0;    // cargo body
  persistence::StoreKey key{};  // cargo lease
  std::uint32_t lines = 0;      // sent: all of the cargo's, or its first ones
  SteadyTime begun{};
  SteadyTime first_sent{};       // of its cargo, in this process
  bool of_self_metrics = false;  // it carries nothing else
};

/// What is known of a body beside its entry in the table; gone with the process.
struct BodyNote {
  std::uint64_t batch = 0;        // of the entry that the note is about
  model::SignalCounts signals{};  // its records
  SteadyTime since{};             // first seen by a transmitter
  SteadyTime first_sent{};        // none yet: zero
  SteadyTime not_before{};        // a retry that waits
  SteadyTime store_not_before{};  // the store refused it
  std::uint32_t failures = 0;
  std::uint32_t blamed = 0;      // of these, the body's own
  std::uint32_t most_lines = 0;  // in a request, after it was found too large; 0: all
  bool put_away = false;         // its time in memory is over
};

/// A stored batch that this process has taken to send it.
struct Lease {
  std::shared_ptr<const persistence::StoredBatch> batch;
  model::SignalCounts signals{};  // its records
  SteadyTime first_sent{};        // in this process; none yet: zero
  bool in_flight = false;
  SteadyTime not_before{};
  std::uint32_t failures = 0;
  std::uint32_t most_lines = 0;  // as of a body
};

/// How a loss in the store is counted.
DropReason drop_reason_of(persistence::LossReason reason) noexcept;

class Custody {
public:
  Custody(const arena::Arena& arena, std::uint32_t number, const config::FinalOutput& output);

  const std::uint32_t number;
  const std::string name;
  const persistence::QueueId queue;
  const bool remote;  // has an endpoint, hence batcher, transmitter and queue
  const DailyBudget daily_budget;
  const arena::Arena arena;

  arena::OutputHead& head() const noexcept { return arena.output(number); }
  void count_delivered(const model::SignalCounts& records) noexcept;
  void count_dropped(DropReason reason, const model::SignalCounts& records) noexcept;

  // ---- between the parts; any thread
  Answers answers;
  Inbox<StoreResult> from_store;
  Inbox<HeapBody> adopted;  // bodies of dead processes, where there is no store to put them into
  std::atomic<std::uint32_t> window{
      2};                               // unsettled bodies that the batcher may make; transmitter's
  std::atomic<bool> starved{false};     // a batch is full and has no credit; the batcher's
  std::atomic<bool> over_share{false};  // holds more than its share of the arena; transmitter's

  // ---- the transmitter's alone, kept over its deaths
  std::vector<Flight> flights;
  std::array<BodyNote, arena::bodies_per_output> notes{};
  std::list<Lease> leases;
  std::uint32_t leases_asked = 0;

  // ---- the batcher's alone, kept over its deaths; what was spent is read by health
  BudgetMeter budget_meter;

  // ---- counted where it happens, read by diagnostics and self-metrics; any thread
  SignalAccount signals;
  RequestTally requests;
  RateMeter delivered_rate;

  // ---- published for ledger and health; any thread
  std::atomic<std::uint64_t> recovered{0};                               // the storekeeper's
  std::array<std::atomic<std::uint64_t>, drop_count> dropped_adopted{};  // likewise; part of it
  std::atomic<std::uint64_t> store_batches{0};
  std::atomic<std::uint64_t> store_records{0};
  std::atomic<std::uint64_t> store_bytes{0};
  std::atomic<std::uint64_t> store_lasts_s{UINT64_MAX};  // max: not known
  std::atomic<std::uint32_t> bodies_ready{0};
  std::atomic<std::uint32_t> in_flight{0};
  void set_last_error(std::string text);
  std::string last_error() const;

  /// Records of a dead process that were found and are lost; the storekeeper.
  void lose_adopted(DropReason reason, std::uint64_t records) noexcept {
    recovered.fetch_add(records, std::memory_order_relaxed);
    dropped_adopted[static_cast<std::size_t>(reason)].fetch_add(records, std::memory_order_relaxed);
  }

  /// Whether everything below that log position is encoded and settled here. Any thread.
  bool settled_up_to(std::uint64_t position) const noexcept;
  /// Bytes that the output keeps in the arena: its unsettled bodies and the log it has not encoded.
  std::uint64_t held_bytes() const noexcept;
  /// Bodies that are ready or in flight: what `window` bounds.
  std::uint32_t live_bodies() const noexcept;

private:
  mutable std::mutex error_mutex_;
  std::string last_error_;
};

}  // namespace posthaste::actors

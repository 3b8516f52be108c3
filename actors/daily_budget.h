#pragma once

/// How much of an output's telemetry is kept, by what its daily budget has left. The rules are
/// pure; the meter outlives the batcher that reads it.
///
///   batcher ─► [part kept] ─► encode ─► spend
///
/// The days are those of UTC. What is counted is envelopes before compression, when they are
/// encoded; of one body the last may go beyond the budget.

#include "runtime/base/clock.h"
#include "runtime/model/record.h"

#include <posthaste/settings.h>
#include <posthaste/units.h>

#include <atomic>
#include <cstdint>

namespace posthaste::actors {

struct DailyBudget {
  Bytes limit = {};  // 0: none
  OverBudget then = OverBudget::sample;
};

/// 1: all; 0: nothing; between them the part of traces that is kept.
double part_kept(const DailyBudget& budget, std::uint64_t used) noexcept;

/// Whether a record belongs to that part: all of one trace, or none; logs without a trace each for
/// themselves; metric points always. Independent of what head sampling decides by.
bool in_part(const model::RecordHead& record, double part) noexcept;

/// What was used up today. One writer at a time (the batcher, or who adopts for its output); any
/// reader.
class BudgetMeter {
public:
  /// Begins anew when the day is another, also an earlier one: a clock that was wrong is no reason
  /// to stay shut. Gives what is used.
  std::uint64_t used_on(WallTime now) noexcept;
  void spend(std::uint64_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  /// True once a day.
  bool to_be_told() noexcept { return !told_.exchange(true, std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> day_{0};
  std::atomic<std::uint64_t> used_{0};
  std::atomic<bool> told_{false};
};

}  // namespace posthaste::actors

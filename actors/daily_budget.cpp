#include "actors/daily_budget.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

namespace posthaste::actors {

double part_kept(const DailyBudget& budget, std::uint64_t used) noexcept {
  const std::uint64_t limit = budget.limit.count;
  if (limit == 0 || used < limit) return 1;
  if (budget.then == OverBudget::refuse || used - limit >= limit) return 0;
  const std::uint64_t tenth = std::max<std::uint64_t>(limit / 10, 1);
  return std::ldexp(1.0, -static_cast<int>((used - limit) / tenth) - 1);
}

bool in_part(const model::RecordHead& record, double part) noexcept {
  if (part >= 1 || (record.type == model::RecordType::metric_point && part > 0)) return true;
  std::uint64_t words[2] = {0, record.origin};
  if (record.trace_id.is_valid()) std::memcpy(words, &record.trace_id, sizeof words);
  // The last step of SplitMix64: every bit of the ids counts in each of the result.
  std::uint64_t mixed = words[0] * 0x9e37'79b9'7f4a'7c15 ^ words[1];
  mixed = (mixed ^ mixed >> 30) * 0xbf58'476d'1ce4'e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d0'49bb'1331'11eb;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) < part * 9'007'199'254'740'992.0;  // 2^53
}

std::uint64_t BudgetMeter::used_on(WallTime now) noexcept {
  const std::int64_t today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  if (day_.exchange(today, std::memory_order_relaxed) != today) {
    used_.store(0, std::memory_order_relaxed);
    told_.store(false, std::memory_order_relaxed);
  }
  return used();
}

}  // namespace posthaste::actors

#include "runtime/produce/logger_state.h"

#include <new>

namespace posthaste::produce {

bool RateLimit::allows(std::uint64_t now, std::uint64_t ticks_per_second, std::uint32_t limit,
                       std::uint64_t& suppressed) noexcept {
  suppressed = 0;
  std::uint64_t began = second_began_.load(std::memory_order_relaxed);
  if (now - began >= ticks_per_second &&
      second_began_.compare_exchange_strong(began, now, std::memory_order_relaxed)) {
    const std::uint64_t taken = taken_.exchange(1, std::memory_order_relaxed);
    if (taken > limit) suppressed = taken - limit;
    return true;
  }
  return taken_.fetch_add(1, std::memory_order_relaxed) < limit;
}

std::uint16_t LoggerTable::make(std::uint16_t scope, Severity minimum,
                                std::uint32_t rate_limit) noexcept {
  const std::lock_guard lock(mutex_);
  const std::uint16_t count = count_.load(std::memory_order_relaxed);
  for (std::uint16_t i = 0; i < count; ++i) {
    if (pages_[i / page_size][i % page_size].scope == scope) return i;
  }
  if (count == most) return most - 1;
  if (count % page_size == 0) {
    pages_[count / page_size].reset(new (std::nothrow) LoggerState[page_size]);
    if (pages_[count / page_size] == nullptr) return count == 0 ? most : count - 1;
  }
  LoggerState& made = pages_[count / page_size][count % page_size];
  made.scope = scope;
  made.minimum_severity = minimum;
  made.rate_limit = rate_limit;
  rules_[count].store({scope, minimum, rate_limit != 0}, std::memory_order_release);
  count_.store(count + 1, std::memory_order_release);
  return count;
}

}  // namespace posthaste::produce

#pragma once

/// The cheapest clock there is, for timing single calls: the time stamp counter on x86-64, the
/// counter register on aarch64. Its unit is found by holding it against the steady clock.

#include "runtime/base/clock.h"

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace posthaste::tools {

inline std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
  unsigned processor = 0;
  return __rdtscp(&processor);  // waits for what stands before it
#elif defined(__aarch64__)
  std::uint64_t value = 0;
  asm volatile("isb; mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
  return static_cast<std::uint64_t>(system_clock().steady().time_since_epoch().count());
#endif
}

/// From its making on, how many nanoseconds a tick takes; good after some milliseconds.
class TickScale {
public:
  double nanoseconds() const noexcept {
    const auto elapsed = system_clock().steady() - start_;
    const std::uint64_t counted = ticks() - first_;
    return counted == 0 ? 1 : static_cast<double>(elapsed.count()) / static_cast<double>(counted);
  }

private:
  SteadyTime start_ = system_clock().steady();
  std::uint64_t first_ = ticks();
};

}  // namespace posthaste::tools

#pragma once

/// Keeps one producer at its rate: how many turns are due by now, since the beginning of the load.
/// A producer that was held up catches up at once, as traffic would.
///
/// Threads: one at a time. Blocking: `wait` sleeps until a turn is due, at least a millisecond, so
/// that high rates come in small bursts instead of a wake-up each.

#include "runtime/base/clock.h"

#include <algorithm>
#include <cstdint>
#include <thread>

namespace posthaste::tools {

class Pace {
public:
  /// Turns a second; 0: as fast as can be.
  Pace(double rate, SteadyTime start, const Clock& clock = system_clock())
      : rate_(rate), start_(start), clock_(clock) {}

  std::uint64_t due() const {
    if (rate_ <= 0) return ~std::uint64_t{0};
    const std::chrono::duration<double> elapsed = clock_.steady() - start_;
    const auto by_now = static_cast<std::uint64_t>(elapsed.count() * rate_) + 1;
    return by_now > done_ ? by_now - done_ : 0;
  }
  void did(std::uint64_t turns) noexcept { done_ += turns; }

  void wait() const {
    const std::chrono::duration<double> next{static_cast<double>(done_) / rate_};
    const auto from_start = std::chrono::duration_cast<std::chrono::nanoseconds>(next);
    const SteadyTime soonest = clock_.steady() + std::chrono::milliseconds{1};
    // Not longer than it takes to notice that the load is over.
    const SteadyTime latest = soonest + std::chrono::milliseconds{50};
    std::this_thread::sleep_until(std::clamp(start_ + from_start, soonest, latest));
  }

private:
  double rate_;
  SteadyTime start_;
  const Clock& clock_;
  std::uint64_t done_ = 0;
};

}  // namespace posthaste::tools

#pragma once

/// A clock that moves only when a test says so.

#include "runtime/base/clock.h"

#include <atomic>

namespace posthaste::testing_support {

class ManualClock final : public Clock {
public:
  explicit ManualClock(WallTime wall = WallTime{std::chrono::seconds{1'700'000'000}})
      : wall_(wall.time_since_epoch().count()) {}

  WallTime wall() const noexcept override {
    return WallTime{std::chrono::nanoseconds{wall_.load()}};
  }
  SteadyTime steady() const noexcept override {
    return SteadyTime{std::chrono::nanoseconds{steady_.load()}};
  }

  /// Both clocks go on by `step`.
  void advance(std::chrono::nanoseconds step) {
    wall_ += step.count();
    steady_ += step.count();
  }
  /// Somebody sets the date: only the wall clock jumps.
  void set_wall(WallTime wall) { wall_ = wall.time_since_epoch().count(); }

private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> steady_{1'000'000'000};
};

}  // namespace posthaste::testing_support

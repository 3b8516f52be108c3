#pragma once

/// How often a part may die before it is left dead: at most `most` restarts within `within`. A
/// failure that comes back at once must not turn into a loop that burns the host's processor.
///
/// Pure; one per part, kept by the supervisor, and one for the supervisor itself, kept by the
/// pipeline.

#include "runtime/base/clock.h"

#include <chrono>
#include <cstdint>
#include <deque>

namespace posthaste::actors {

struct RestartRule {
  std::uint32_t most = 10;
  std::chrono::milliseconds within{60'000};
};

class RestartLimit {
public:
  explicit RestartLimit(const RestartRule& rule) : rule_(rule) {}

  /// The part died at `now`: whether it may be started again. Once false, false for ever.
  bool allow(SteadyTime now);

  bool reached() const noexcept { return reached_; }
  std::uint32_t restarts() const noexcept { return restarts_; }

private:
  RestartRule rule_;
  std::deque<SteadyTime> recent_;
  std::uint32_t restarts_ = 0;
  bool reached_ = false;
};

}  // namespace posthaste::actors

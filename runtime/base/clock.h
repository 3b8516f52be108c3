#pragma once

/// Time, for everything that is not on an application thread's hot path (that reads ticks:
/// runtime/base/tick_clock.h). Wall time stamps; steady time measures, so no timer or deadline
/// ever depends on somebody setting the date. Passed in everywhere, replaced in tests by
/// tests/support/manual_clock.h; the standard library's now() is called in clock.cpp and nowhere
/// else.
///
/// Threads: implementations may be called from any thread.

#include <chrono>

namespace posthaste {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;  // since the Unix epoch, UTC
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
public:
  virtual ~Clock() = default;
  virtual WallTime wall() const noexcept = 0;
  virtual SteadyTime steady() const noexcept = 0;
};

/// The machine's clock; lives for ever.
const Clock& system_clock() noexcept;

}  // namespace posthaste

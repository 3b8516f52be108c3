#pragma once

/// Times and durations as Application Insights reads them.
///
///   time      2026-01-01T00:00:00.1234567Z    UTC, seven digits, finer ones cut off
///   duration  [d.]hh:mm:ss.fffffff            three to seven digits, rounded to 100 ns
///
/// Threads: a TimestampWriter belongs to one encoder; it remembers the second that it wrote last.

#include "runtime/base/clock.h"

#include <chrono>
#include <cstdint>

namespace posthaste::wire {

class TimestampWriter {
public:
  static constexpr std::size_t size = 28;
  /// Writes exactly `size` bytes; returns the end.
  char* put(char* at, WallTime time) noexcept;

private:
  void remember(std::int64_t second) noexcept;

  std::int64_t second_ = INT64_MIN;
  char text_[20] = {};  // 2026-01-01T00:00:00.
};

/// At most this many bytes.
inline constexpr std::size_t duration_size = 24;
/// Writes a duration; negative ones are zero, 1000 days and more are 999.23:59:59.9999999. Returns
/// the end.
char* put_duration(char* at, std::chrono::nanoseconds duration) noexcept;

}  // namespace posthaste::wire

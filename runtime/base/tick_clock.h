#pragma once

/// The clock of the hot path. A tick is one step of the processor's time-stamp counter where that
/// is invariant, else one nanosecond of CLOCK_MONOTONIC. Records hold ticks; whoever reads them
/// converts with a TickScale, which one actor refreshes, so that wall times follow the machine's
/// date while durations never do.
///
/// Threads: read_ticks() from any; a TickScale is a value.

#include "runtime/base/clock.h"

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace posthaste {

__extension__ typedef unsigned __int128 Uint128;

enum class TickSource : std::uint8_t { time_stamp_counter = 1, monotonic_clock = 2 };

/// Decided once per process.
TickSource tick_source() noexcept;
std::uint64_t read_monotonic_ticks() noexcept;

inline std::uint64_t read_ticks(TickSource source) noexcept {
#if defined(__x86_64__)
  if (source == TickSource::time_stamp_counter) [[likely]]
    return __rdtsc();
#endif
  return read_monotonic_ticks();
}

/// What a tick means: a point known on both clocks, and the length of a tick. Plain data; it also
/// lies in the arena's header, so that the ticks of a dead process can still be read.
struct TickScale {
  std::uint64_t tick = 0;
  std::int64_t wall_ns = 0;           // since the epoch, at `tick`
  std::uint64_t ns_per_tick_q32 = 0;  // nanoseconds per tick, 32 binary places

  std::chrono::nanoseconds between(std::uint64_t from, std::uint64_t to) const noexcept {
    const bool forward = to >= from;
    const auto distance = static_cast<Uint128>(forward ? to - from : from - to);
    const Uint128 wide = (distance * ns_per_tick_q32) >> 32;
    const auto ns = static_cast<std::int64_t>(wide < INT64_MAX ? wide : INT64_MAX);
    return std::chrono::nanoseconds{forward ? ns : -ns};
  }
  /// Saturates, as `between` does: ticks and scale may come out of a damaged file.
  WallTime to_wall(std::uint64_t at) const noexcept {
    const std::int64_t apart = between(tick, at).count();
    std::int64_t ns = 0;
    if (__builtin_add_overflow(wall_ns, apart, &ns)) ns = apart < 0 ? INT64_MIN : INT64_MAX;
    return WallTime{std::chrono::nanoseconds{ns}};
  }
};

/// Measures the scale for about 2 ms, once per process, and re-anchors it whenever asked.
class TickCalibration {
public:
  /// The first call in a process measures (blocks 2 ms); later ones are free.
  static TickScale first();
  /// A fresh anchor; the length of a tick grows more exact with the time since `origin`.
  static TickScale refreshed();
};

}  // namespace posthaste

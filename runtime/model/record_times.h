#pragma once

/// A record's times, out of ticks or wall nanoseconds. The duration of a span whose start and end
/// are both ticks never depends on the date being set. Pure.

#include "runtime/base/tick_clock.h"
#include "runtime/model/record.h"

namespace posthaste::model {

inline WallTime wall_time(std::uint64_t value, bool is_wall, const TickScale& scale) noexcept {
  if (!is_wall) return scale.to_wall(value);
  return WallTime{std::chrono::nanoseconds{static_cast<std::int64_t>(value)}};
}

inline WallTime start_of(const RecordHead& head, const TickScale& scale) noexcept {
  return wall_time(head.start, (head.flags & record_flag::start_is_wall) != 0, scale);
}

inline WallTime end_of(const RecordHead& head, const TickScale& scale) noexcept {
  return wall_time(head.end, (head.flags & record_flag::end_is_wall) != 0, scale);
}

inline std::chrono::nanoseconds duration_of(const RecordHead& head,
                                            const TickScale& scale) noexcept {
  constexpr std::uint16_t wall = record_flag::start_is_wall | record_flag::end_is_wall;
  if ((head.flags & wall) == 0) return scale.between(head.start, head.end);
  return end_of(head, scale) - start_of(head, scale);
}

}  // namespace posthaste::model

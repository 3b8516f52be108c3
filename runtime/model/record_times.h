#pragma once

/// A record's times, out of ticks or wall nanoseconds. The duration of a span whose start and end
/// are both ticks never depends on the date being set; one that ended before it began took no time.
/// Pure.

#include "runtime/base/tick_clock.h"
#include "runtime/model/record.h"

#include <algorithm>

namespace posthaste::model {

/// A time that is given, as a record holds it.
inline std::uint64_t wall_ns(WallTime time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

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
  const auto start = start_of(head, scale).time_since_epoch().count();
  const auto end = end_of(head, scale).time_since_epoch().count();
  if (end <= start) return std::chrono::nanoseconds{0};
  // Times before 1970 and far after may be further apart than a duration can say.
  const auto apart = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start);
  return std::chrono::nanoseconds{
      static_cast<std::int64_t>(std::min<std::uint64_t>(apart, INT64_MAX))};
}

}  // namespace posthaste::model

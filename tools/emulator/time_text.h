#pragma once

/// The two texts of time in an envelope, read strictly. Pure; no allocation.

#include "runtime/base/clock.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace posthaste::tools {

/// ISO 8601 with date and time: `2026-01-31T23:59:59[.fffffffff](Z|+hh:mm|-hh:mm)`, the years
/// 1970 to 2200; digits beyond the ninth are dropped.
std::optional<WallTime> read_timestamp(std::string_view text) noexcept;

/// `[d.]hh:mm:ss[.fffffff]`, below 1000 days.
std::optional<std::chrono::nanoseconds> read_time_span(std::string_view text) noexcept;

}  // namespace posthaste::tools

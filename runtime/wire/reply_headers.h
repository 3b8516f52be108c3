#pragma once

/// The two answer headers that say when to come again. Values come from outside: clamped, never
/// trusted, and ignored where they make no sense.
///
/// Pure; called on actor threads.

#include "runtime/base/clock.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace posthaste::wire {

inline constexpr std::chrono::seconds retry_after_limit{3'600};
inline constexpr std::chrono::seconds max_age_limit{86'400};

/// `Retry-After` as seconds or as a date (the three forms of RFC 9110), from `now`, between 0 and
/// `retry_after_limit`; a date that has passed is 0. Empty for anything else.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      WallTime now) noexcept;

/// `max-age` of a `Cache-Control` header, between 0 and `max_age_limit`; empty if there is none.
std::optional<std::chrono::seconds> parse_max_age(std::string_view cache_control) noexcept;

}  // namespace posthaste::wire

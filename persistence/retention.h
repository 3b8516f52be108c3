#pragma once

/// How long a batch is kept. The service refuses items older than 48 h, so what is older than
/// `max_age` is not worth sending. Pure; asked by the store before each lease and in maintenance.
///
/// Threads: any. Blocking: never.

#include "persistence/batch.h"

#include <chrono>
#include <optional>

namespace posthaste::persistence {

inline constexpr std::chrono::hours default_max_age{47};
inline constexpr std::chrono::minutes tolerated_clock_error{5};

/// Within one boot the time since boot decides, so setting the date changes nothing; across boots
/// the wall clock. Nothing when the wall clock stands before the creation by more than
/// `tolerated_clock_error`: one of the two was wrong, nobody knows which.
std::optional<std::chrono::nanoseconds> age_of(const CreationTime& created,
                                               const CreationTime& now) noexcept;

/// A batch of unknown age gets one attempt.
bool is_expired(const CreationTime& created, std::uint32_t attempts, const CreationTime& now,
                std::chrono::nanoseconds max_age) noexcept;

}  // namespace posthaste::persistence

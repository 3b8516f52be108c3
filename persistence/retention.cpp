#include "persistence/retention.h"

#include <algorithm>
#include <limits>

namespace posthaste::persistence {
namespace {

using std::chrono::nanoseconds;

// Times come from a file: any two numbers, whose difference need not fit.
nanoseconds difference(nanoseconds later, nanoseconds earlier) noexcept {
  std::int64_t result;
  if (!__builtin_sub_overflow(later.count(), earlier.count(), &result)) return nanoseconds{result};
  return earlier.count() < 0 ? nanoseconds::max() : nanoseconds::min();
}

}  // namespace

std::optional<nanoseconds> age_of(const CreationTime& created, const CreationTime& now) noexcept {
  if (created.boot.boot == now.boot.boot && now.boot.boot != BootId{}) {
    const nanoseconds age = difference(now.boot.since_boot, created.boot.since_boot);
    return std::max(age, nanoseconds::zero());
  }
  const nanoseconds age = difference(now.wall.time_since_epoch(), created.wall.time_since_epoch());
  if (age < -tolerated_clock_error) return std::nullopt;
  return std::max(age, nanoseconds::zero());
}

bool is_expired(const CreationTime& created, std::uint32_t attempts, const CreationTime& now,
                nanoseconds max_age) noexcept {
  const std::optional<nanoseconds> age = age_of(created, now);
  return age ? *age > max_age : attempts > 0;
}

}  // namespace posthaste::persistence

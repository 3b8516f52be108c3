#include "actors/retry_policy.h"

#include <algorithm>

namespace posthaste::actors {
namespace {

using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct Range {
  nanoseconds least;
  nanoseconds most;
};

nanoseconds doubled(nanoseconds first, std::uint32_t failures, nanoseconds most) noexcept {
  const std::uint32_t doublings = std::min(failures == 0 ? 0 : failures - 1, 16u);
  return std::min(first * (std::int64_t{1} << doublings), most);
}

Range range_of(Pace pace, std::uint32_t failures) noexcept {
  switch (pace) {
    case Pace::certificate: return {minutes{1}, doubled(minutes{1}, failures, minutes{15})};
    case Pace::quota: return {minutes{5}, minutes{15}};
    case Pace::normal: break;
  }
  return {seconds{0}, doubled(seconds{1}, failures, seconds{120})};
}

/// SplitMix64: every bit of the result depends on every bit of `x`.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

}  // namespace

nanoseconds RetryPolicy::delay(const Judgement& judgement, std::uint32_t failures,
                               std::uint64_t body) const noexcept {
  if (judgement.delay_hint) {
    return std::clamp<nanoseconds>(*judgement.delay_hint, seconds{0}, std::chrono::hours{1});
  }
  const Range range = range_of(judgement.pace, failures);
  const std::uint64_t drawn = mixed(mixed(seed_ + failures) ^ body);
  const double part = static_cast<double>(drawn >> 11) * 0x1p-53;
  const auto width = static_cast<double>((range.most - range.least).count());
  return range.least + nanoseconds{static_cast<std::int64_t>(part * width)};
}

NextStep RetryPolicy::next(const Judgement& judgement, const Attempts& attempts,
                           std::uint64_t body) const noexcept {
  if (attempts.blamed >= limits_.poison_limit) return GiveUp{DropReason::poison};
  const nanoseconds wait = delay(judgement, attempts.failures, body);
  if (attempts.age >= limits_.age_limit) return GiveUp{DropReason::expired};
  if (attempts.in_memory + wait > limits_.export_timeout) return PutAway{wait};
  return SendAgain{wait};
}

}  // namespace posthaste::actors

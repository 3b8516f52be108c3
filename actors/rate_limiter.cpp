#include "actors/rate_limiter.h"

#include "runtime/base/steered_rate.h"

#include <algorithm>
#include <cmath>

namespace posthaste::actors {
namespace {

constexpr double fading_ns = 1e8;

}  // namespace

/// One by one it would be, each time: sums * fade(d) + {1, d}. Of n at a distance of d that is a
/// geometric series.
RateLimiter::Sums RateLimiter::after(const Sums& sums, std::uint64_t traces,
                                     double nanoseconds) noexcept {
  const auto count = static_cast<double>(traces);
  if (nanoseconds <= 0) return {sums.traces + count, sums.nanoseconds};
  const double distance = nanoseconds / count;
  const double fade_all = std::exp(-nanoseconds / fading_ns);
  const double series = std::expm1(-nanoseconds / fading_ns) / std::expm1(-distance / fading_ns);
  return {sums.traces * fade_all + series, sums.nanoseconds * fade_all + distance * series};
}

void RateLimiter::began(std::uint64_t traces, SteadyTime now) noexcept {
  if (traces == 0) return;
  sums_ = after(sums_, traces, static_cast<double>((now - last_).count()));
  last_ = std::max(last_, now);
}

double RateLimiter::percent(SteadyTime now) const noexcept {
  return std::max(percent_of(sums_),
                  percent_of(after(sums_, 1, static_cast<double>((now - last_).count()))));
}

double RateLimiter::percent_of(const Sums& sums) const noexcept {
  if (sums.traces <= 0) return 0;
  const double kept = sums.nanoseconds * (traces_per_second_ * 1e-9) / sums.traces;
  return whole_count_rate(100 * std::min(kept, 1.0));
}

}  // namespace posthaste::actors

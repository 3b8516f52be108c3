#pragma once

/// Which rate keeps about so many traces a second: Azure Monitor's rate-limited sampling, told of
/// traces many at a time. Pure; the sampler actor's, over its deaths.
///
/// Two sums that fade with a time constant of 0.1 s, one of traces and one of the time between
/// them, give the mean distance of traces; the rate is what makes of it the wanted one. It is
/// rounded down to 100/N, so that each item stands for a whole number of originals.

#include "runtime/base/clock.h"

#include <cstdint>

namespace posthaste::actors {

class RateLimiter {
public:
  RateLimiter(double traces_per_second, SteadyTime now) noexcept
      : traces_per_second_(traces_per_second), last_(now) {}

  /// So many began since the last call, evenly spread. Zero changes nothing.
  void began(std::uint64_t traces, SteadyTime now) noexcept;

  /// The rate in percent for the next trace, if it begins now: what the last ones came to, or more
  /// if nothing has come for longer than usual.
  double percent(SteadyTime now) const noexcept;

  /// As it stands behind the last of them; 0 before the first.
  double percent() const noexcept { return percent_of(sums_); }

private:
  struct Sums {
    double traces = 0;
    double nanoseconds = 0;
  };
  static Sums after(const Sums& sums, std::uint64_t traces, double nanoseconds) noexcept;
  double percent_of(const Sums& sums) const noexcept;

  double traces_per_second_;
  SteadyTime last_;
  Sums sums_;
};

}  // namespace posthaste::actors

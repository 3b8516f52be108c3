#pragma once

/// What totals grew by, per second and as a share. A reading sooner than a second after the last
/// one gives nothing and changes nothing: the kernel counts in ticks of 10 ms, and a flush may come
/// right after a collection. Pure; one thread.

#include "runtime/base/clock.h"

#include <optional>

namespace posthaste::host {

inline constexpr std::chrono::seconds least_interval{1};

class Rate {
public:
  /// Per second, since the last reading that counted. The first one, and one below the last (the
  /// total began anew), only set the beginning.
  std::optional<double> since_last(double total, SteadyTime now) noexcept {
    if (known_ && total >= total_ && now - at_ < least_interval) return std::nullopt;
    std::optional<double> rate;
    if (known_ && total >= total_) {
      rate = (total - total_) / std::chrono::duration<double>(now - at_).count();
    }
    total_ = total;
    at_ = now;
    known_ = true;
    return rate;
  }

private:
  double total_ = 0;
  SteadyTime at_{};
  bool known_ = false;
};

/// Of two totals of which one is a part of the other.
class Share {
public:
  /// What the part grew by, for each that the whole grew by: 0 to 1. Else as Rate.
  std::optional<double> since_last(double part, double whole, SteadyTime now) noexcept {
    const auto of_part = part_.since_last(part, now);
    const auto of_whole = whole_.since_last(whole, now);
    if (!of_part || !of_whole || *of_whole <= 0) return std::nullopt;
    return *of_part < *of_whole ? *of_part / *of_whole : 1.0;
  }

private:
  Rate part_;
  Rate whole_;
};

}  // namespace posthaste::host

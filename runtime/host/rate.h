#pragma once

/// What totals grew by, per second and as a share, since the reading that was sent last. A reading
/// sooner than a second after it gives nothing and changes nothing: the kernel counts in ticks of
/// 10 ms, and a flush may come right after a collection. A reading that was not sent (whoever took
/// it died) is part of the next one. Pure; one thread.

#include "runtime/base/clock.h"

#include <optional>
#include <utility>

namespace posthaste::host {

inline constexpr std::chrono::seconds least_interval{1};

class Rate {
public:
  /// Per second. The first reading, and one below the last (the total began anew), only set the
  /// beginning.
  std::optional<double> since_last(double total, SteadyTime now) noexcept {
    read_.reset();
    if (!sent_ || total < sent_->total) {
      sent_ = Reading{total, now};
      return std::nullopt;
    }
    if (now - sent_->at < least_interval) return std::nullopt;
    read_ = Reading{total, now};
    return (total - sent_->total) / std::chrono::duration<double>(now - sent_->at).count();
  }
  /// The last reading is out: the next one starts from it.
  void sent() noexcept {
    if (read_) sent_ = std::exchange(read_, std::nullopt);
  }

private:
  struct Reading {
    double total = 0;
    SteadyTime at{};
  };
  std::optional<Reading> sent_;
  std::optional<Reading> read_;
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
  void sent() noexcept {
    part_.sent();
    whole_.sent();
  }

private:
  Rate part_;
  Rate whole_;
};

}  // namespace posthaste::host

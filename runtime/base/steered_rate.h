#pragma once

/// The rate of rate-limited sampling, between the threads that ask for it and the sampler actor
/// that steers it by how often they ask.
///
///   application threads ─► one count per lane ─► sampler actor (RateLimiter) ─► rate ─► threads
///
/// Threads:  rate_of_next from any; the rest from the sampler's, one at a time.
/// Blocking: never. A thread adds to its lane's count alone and reads one atomic.
/// Full:     between two looks of the actor a burst finds a rate that was meant for fewer: the
///           second `allowance` of a lane is kept at half the rate, the third at a third, and so
///           on.

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace posthaste {

/// Down to a rate of 100/N, whose items stand for a whole number of originals each.
inline double whole_count_rate(double percent) noexcept {
  return percent <= 0 ? 0 : 100 / std::ceil(100 / percent);
}

class SteeredRate {
public:
  static constexpr std::size_t most_lanes = 32;

  struct Answer {
    double percent = 0;
    bool crowded = false;  // more came than the actor knew of: wake it
  };

  /// Before the first question. The rate is what one trace after a second of quiet finds.
  void begin(double traces_per_second) noexcept {
    allowance_ = static_cast<std::uint32_t>(std::clamp(std::ceil(traces_per_second), 1.0, 1e9));
    for (Lane& lane : lanes_) {
      lane.asked.store(0, std::memory_order_relaxed);
      lane.known.store(0, std::memory_order_relaxed);
    }
    percent_.store(whole_count_rate(100 * std::min(traces_per_second, 1.0)),
                   std::memory_order_relaxed);
  }

  /// For one more trace.
  Answer rate_of_next(std::uint32_t lane_number) noexcept {
    Lane& lane = lanes_[lane_number % most_lanes];
    const std::uint64_t asked = lane.asked.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t unknown = asked - lane.known.load(std::memory_order_relaxed);
    const double percent = percent_.load(std::memory_order_relaxed);
    // The actor may have learnt of this one already.
    const std::uint64_t share = static_cast<std::int64_t>(unknown) < 0 ? 0 : unknown / allowance_;
    if (share == 0 || percent <= 0) return {percent, false};
    // Both are of the form 100/N.
    return {100 / (std::round(100 / percent) * static_cast<double>(share + 1)),
            unknown % allowance_ == 0};
  }

  /// How many asked since the last call.
  std::uint64_t asked() noexcept {
    std::uint64_t sum = 0;
    for (Lane& lane : lanes_) {
      const std::uint64_t all = lane.asked.load(std::memory_order_relaxed);
      sum += all - lane.known.exchange(all, std::memory_order_relaxed);
    }
    return sum;
  }
  void steer(double percent) noexcept { percent_.store(percent, std::memory_order_relaxed); }
  double percent() const noexcept { return percent_.load(std::memory_order_relaxed); }

private:
  struct alignas(64) Lane {
    std::atomic<std::uint64_t> asked{0};
    std::atomic<std::uint64_t> known{0};  // to the actor
  };

  std::atomic<double> percent_{100};
  std::uint32_t allowance_ = 1;
  std::array<Lane, most_lanes> lanes_;
};

}  // namespace posthaste

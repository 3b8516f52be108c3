#pragma once

/// The arithmetic of base-2 exponential histograms, as OpenTelemetry defines it: at scale s a
/// bucket i holds the values in (base^i, base^(i+1)], where base = 2^(2^-s). Pure.

#include <cstdint>
#include <span>

namespace posthaste::metrics {

inline constexpr std::int32_t greatest_scale = 20;
inline constexpr std::int32_t least_scale = -10;
/// Buckets of a histogram at most; what needs more is counted at a smaller scale.
inline constexpr std::int32_t exponential_buckets = 160;

/// The bucket of a value > 0 (finite; below the least normal double it counts as that).
std::int32_t exponential_index(double value, std::int32_t scale) noexcept;

/// By how much the scale must fall for `low` to `high` to fit into `exponential_buckets`.
std::int32_t scale_change(std::int32_t low, std::int32_t high) noexcept;

/// A run of buckets from `low` to `high` (none: low > high), bucket i at `counts[i & 255]`.
struct ExponentialRange {
  static constexpr std::uint32_t slots = 256;  // a power of two above exponential_buckets

  std::int32_t scale = greatest_scale;
  std::int32_t low = 0;
  std::int32_t high = -1;

  bool empty() const noexcept { return low > high; }
  static constexpr std::uint32_t slot(std::int32_t index) noexcept {
    return static_cast<std::uint32_t>(index) & (slots - 1);
  }
};

/// Buckets as the aggregator sums them up.
struct ExponentialCounts {
  ExponentialRange range;
  std::uint64_t counts[ExponentialRange::slots] = {};

  /// Adds `count` at bucket `index` of scale `scale`.
  void add(std::int32_t index, std::int32_t scale, std::uint64_t count) noexcept;
  void clear() noexcept { *this = {}; }
  /// Makes the scale `by` smaller.
  void lower_scale(std::int32_t by) noexcept;
};

}  // namespace posthaste::metrics

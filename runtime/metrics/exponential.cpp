#include "runtime/metrics/exponential.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>

namespace posthaste::metrics {
namespace {

constexpr int mantissa_bits = 52;
constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << mantissa_bits) - 1;

}  // namespace

std::int32_t exponential_index(double value, std::int32_t scale) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(std::max(value, DBL_MIN));
  const auto exponent = static_cast<std::int32_t>(bits >> mantissa_bits) - 1023;
  const bool power_of_two = (bits & mantissa_mask) == 0;  // upper bounds belong to the bucket below
  if (scale <= 0) return (exponent - (power_of_two ? 1 : 0)) >> -scale;
  if (power_of_two) return (exponent << scale) - 1;
  const double fraction =
      std::bit_cast<double>((bits & mantissa_mask) | std::uint64_t{1023} << mantissa_bits);
  const auto within = static_cast<std::int32_t>(std::log2(fraction) * (1 << scale));
  return (exponent << scale) + std::clamp(within, 0, (1 << scale) - 1);
}

std::int32_t scale_change(std::int32_t low, std::int32_t high) noexcept {
  std::int32_t change = 0;
  while (high - low >= exponential_buckets) {
    low >>= 1;
    high >>= 1;
    ++change;
  }
  return change;
}

void ExponentialCounts::lower_scale(std::int32_t by) noexcept {
  if (by <= 0) return;
  range.scale -= by;
  if (range.empty()) return;
  std::uint64_t before[ExponentialRange::slots];
  std::memcpy(before, counts, sizeof before);
  std::fill(std::begin(counts), std::end(counts), 0);
  for (std::int32_t i = range.low; i <= range.high; ++i) {
    counts[ExponentialRange::slot(i >> by)] += before[ExponentialRange::slot(i)];
  }
  range.low >>= by;
  range.high >>= by;
}

void ExponentialCounts::add(std::int32_t index, std::int32_t scale, std::uint64_t count) noexcept {
  if (scale < range.scale) lower_scale(range.scale - scale);
  index >>= scale - range.scale;
  const std::int32_t low = range.empty() ? index : std::min(range.low, index);
  const std::int32_t high = range.empty() ? index : std::max(range.high, index);
  if (const std::int32_t by = scale_change(low, high); by > 0) {
    lower_scale(by);
    index >>= by;
  }
  const bool first = range.empty();
  range.low = first ? index : std::min(range.low, index);
  range.high = first ? index : std::max(range.high, index);
  counts[ExponentialRange::slot(index)] += count;
}

}  // namespace posthaste::metrics

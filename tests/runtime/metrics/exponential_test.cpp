#include "runtime/metrics/exponential.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <map>
#include <random>

namespace posthaste::metrics {
namespace {

double bound(std::int32_t index, std::int32_t scale) {
  return static_cast<double>(exp2l(static_cast<long double>(index) * exp2l(-scale)));
}

TEST(Exponential, PutsAPowerOfTwoInTheBucketBelowIt) {
  EXPECT_EQ(exponential_index(1, 0), -1);
  EXPECT_EQ(exponential_index(2, 0), 0);
  EXPECT_EQ(exponential_index(2.0001, 0), 1);
  EXPECT_EQ(exponential_index(4, 1), 3);
  EXPECT_EQ(exponential_index(4, -1), 0);
  EXPECT_EQ(exponential_index(4.1, -1), 1);
  EXPECT_EQ(exponential_index(0.5, 3), -9);
  EXPECT_EQ(exponential_index(DBL_MAX, -10), 0);
  EXPECT_EQ(exponential_index(DBL_MIN, -10), -1);
  EXPECT_EQ(exponential_index(DBL_MIN / 4, 0), exponential_index(DBL_MIN, 0));
}

TEST(Exponential, FindsTheBucketThatHoldsTheValue) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-1000, 1000);
  for (int round = 0; round < 20'000; ++round) {
    const double value = std::exp2(exponent(random));
    for (const std::int32_t scale : {-10, -3, 0, 1, 3, 8}) {
      const std::int32_t index = exponential_index(value, scale);
      // Values next to a bound may fall on either side of it.
      EXPECT_GT(value, bound(index, scale) * (1 - 1e-12)) << value << " at " << scale;
      EXPECT_LE(value, bound(index + 1, scale) * (1 + 1e-12)) << value << " at " << scale;
    }
  }
}

TEST(Exponential, IsExactAtALowerScale) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> exponent(-500, 500);
  for (int round = 0; round < 10'000; ++round) {
    const double value = std::exp2(exponent(random));
    for (std::int32_t scale = greatest_scale; scale > least_scale; --scale) {
      EXPECT_EQ(exponential_index(value, scale) >> 1, exponential_index(value, scale - 1))
          << value << " at " << scale;
    }
  }
}

TEST(Exponential, LowersTheScaleUntilTheRangeFits) {
  EXPECT_EQ(scale_change(0, 159), 0);
  EXPECT_EQ(scale_change(0, 160), 1);
  EXPECT_EQ(scale_change(-1, 159), 1);
  EXPECT_EQ(scale_change(-1'000'000, 1'000'000), 14);
}

TEST(Exponential, LosesNoCountWhateverIsAdded) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    ExponentialCounts counts;
    std::map<std::pair<std::int32_t, std::int32_t>, std::uint64_t> given;  // scale, index
    std::uint64_t all = 0;
    for (int i = 0; i < 40; ++i) {
      const auto scale = static_cast<std::int32_t>(random() % 12);
      const auto index = static_cast<std::int32_t>(random() % 4000) - 2000;
      const std::uint64_t count = random() % 5 + 1;
      counts.add(index, scale, count);
      given[{scale, index}] += count;
      all += count;
    }
    std::map<std::int32_t, std::uint64_t> expected;
    for (const auto& [where, count] : given) {
      ASSERT_GE(where.first, counts.range.scale);
      expected[where.second >> (where.first - counts.range.scale)] += count;
    }
    ASSERT_LT(counts.range.high - counts.range.low, exponential_buckets);
    std::uint64_t sum = 0;
    for (std::int32_t i = counts.range.low; i <= counts.range.high; ++i) {
      const std::uint64_t count = counts.counts[ExponentialRange::slot(i)];
      const auto found = expected.find(i);
      ASSERT_EQ(count, found == expected.end() ? 0 : found->second) << i;
      sum += count;
    }
    ASSERT_EQ(sum, all);
  }
}

}  // namespace
}  // namespace posthaste::metrics

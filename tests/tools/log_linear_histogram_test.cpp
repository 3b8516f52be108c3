#include "tools/log_linear_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace posthaste::tools {
namespace {

TEST(LogLinearHistogram, KeepsQuantilesWithinThreePercentAbove) {
  LogLinearHistogram histogram;
  std::vector<std::uint64_t> values;
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    values.push_back(value);
    histogram.record(value);
  }
  std::ranges::sort(values);
  for (const double share : {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000)) - 1;
    const auto truth = static_cast<double>(values[rank]);
    const auto got = static_cast<double>(histogram.quantile(share));
    EXPECT_GE(got, truth) << share;
    EXPECT_LE(got, truth * 1.032 + 1) << share;
  }
  EXPECT_EQ(histogram.quantile(1), values.back());
  EXPECT_EQ(histogram.most(), values.back());
}

TEST(LogLinearHistogram, IsExactForSmallValuesAndWeights) {
  LogLinearHistogram histogram;
  histogram.record(3, 90);
  histogram.record(31, 10);
  EXPECT_EQ(histogram.count(), 100u);
  EXPECT_EQ(histogram.quantile(0.9), 3u);
  EXPECT_EQ(histogram.quantile(0.91), 31u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 5.8);
}

TEST(LogLinearHistogram, HoldsTheWholeRange) {
  LogLinearHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  histogram.record(0);
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  EXPECT_EQ(histogram.quantile(1), ~std::uint64_t{0});
}

TEST(LogLinearHistogram, AddsUp) {
  LogLinearHistogram one;
  LogLinearHistogram two;
  one.record(10);
  two.record(20, 3);
  one.add(two);
  EXPECT_EQ(one.count(), 4u);
  EXPECT_EQ(one.quantile(0.25), 10u);
  EXPECT_EQ(one.most(), 20u);
}

}  // namespace
}  // namespace posthaste::tools

#include "runtime/metrics/view.h"

#include <gtest/gtest.h>

namespace posthaste::metrics {
namespace {

const InstrumentInfo orders{.name = "orders", .unit = "{order}", .description = "Orders"};
const InstrumentInfo latency{.name = "http.latency",
                             .unit = "ms",
                             .kind = InstrumentKind::histogram,
                             .integer = false,
                             .boundaries = {1, 2}};

std::vector<StreamSpec> streams(const InstrumentInfo& info, const std::vector<MetricView>& views) {
  return streams_of(info, "shop", views, {}, {{}});
}

TEST(View, LeavesAnInstrumentThatNoneFitsAsItIs) {
  const auto made = streams(orders, {{.instrument = "other"}});
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].name, "orders");
  EXPECT_EQ(made[0].unit, "{order}");
  EXPECT_EQ(made[0].point, PointKind::sum);
  EXPECT_EQ(made[0].cell, CellKind::sum_int64);
  EXPECT_EQ(made[0].cardinality_limit, 2000u);
  EXPECT_FALSE(made[0].filters());
}

TEST(View, RenamesFiltersAndLimits) {
  const auto made = streams(orders, {{.instrument = "ord*",
                                      .meter = "shop",
                                      .unit = "{order}",
                                      .kind = InstrumentKind::counter,
                                      .name = "orders.taken",
                                      .attribute_keys = {{"country"}},
                                      .cardinality_limit = 10}});
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].name, "orders.taken");
  EXPECT_EQ(made[0].description, "Orders");
  EXPECT_TRUE(made[0].keeps("country"));
  EXPECT_FALSE(made[0].keeps("user"));
  EXPECT_EQ(made[0].cardinality_limit, 10u);
}

TEST(View, ExcludesKeys) {
  const auto made = streams(orders, {{.excluded_attribute_keys = {"user"}}});
  EXPECT_TRUE(made[0].keeps("country"));
  EXPECT_FALSE(made[0].keeps("user"));
}

TEST(View, DropsAnInstrument) {
  EXPECT_TRUE(streams(orders, {{.aggregation = MetricAggregation::drop}}).empty());
}

TEST(View, MakesOneStreamForEachViewThatFits) {
  const auto made = streams(latency, {{.aggregation = MetricAggregation::exponential_histogram},
                                      {.name = "http.total", .aggregation = MetricAggregation::sum},
                                      {.instrument = "orders"}});
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].point, PointKind::exponential_histogram);
  EXPECT_EQ(made[1].point, PointKind::sum);
  EXPECT_EQ(made[1].cell, CellKind::sum_float64);
}

TEST(View, TellsOutputsThatWantTheSameInOneStream) {
  const MetricPreferences delta{};
  const MetricPreferences whole{.temporality = TemporalityPreference::cumulative};
  const MetricPreferences low{.temporality = TemporalityPreference::low_memory};
  const auto readers = readers_of(std::vector{delta, whole, low, delta});
  ASSERT_EQ(readers.size(), 3u);
  EXPECT_EQ(readers_of(std::vector{whole, whole}).at(0).outputs, 0);

  const auto told = [&](InstrumentKind kind) {
    return streams_of({.name = "i", .kind = kind}, "shop", {}, {}, readers).at(0).readers;
  };
  const auto counter = told(InstrumentKind::counter);
  ASSERT_EQ(counter.size(), 2u);
  EXPECT_EQ(counter[0].temporality, model::Temporality::delta);
  EXPECT_EQ(counter[0].outputs, 0b1101);
  EXPECT_EQ(counter[1].temporality, model::Temporality::cumulative);
  EXPECT_EQ(counter[1].outputs, 0b0010);
  const auto observed = told(InstrumentKind::observable_counter);
  ASSERT_EQ(observed.size(), 2u);
  EXPECT_EQ(observed[1].outputs, 0b0110);
  for (const InstrumentKind kind : {InstrumentKind::up_down_counter, InstrumentKind::gauge}) {
    const auto one = told(kind);
    ASSERT_EQ(one.size(), 1u);
    EXPECT_EQ(one[0].outputs, 0b1111);
  }
}

TEST(View, GivesReadersOfOtherAggregationsAndLimitsStreamsOfTheirOwn) {
  const std::vector<Reader> readers{
      {{.exponential_histograms = true}, 1}, {{.cardinality_limit = 7}, 2}, {{}, 4}};
  const auto made = streams_of(latency, "shop", {}, {}, readers);
  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(made[0].cell, CellKind::exponential_histogram);
  EXPECT_EQ(made[1].cell, CellKind::explicit_histogram);
  EXPECT_EQ(made[1].cardinality_limit, 7u);
  EXPECT_EQ(made[2].cardinality_limit, 2000u);
  EXPECT_EQ(made[2].readers.at(0).outputs, 4);
  const auto decided =
      streams_of(latency, "shop",
                 {{.aggregation = MetricAggregation::explicit_histogram, .cardinality_limit = 9}},
                 {}, readers);
  ASSERT_EQ(decided.size(), 1u);
  EXPECT_EQ(decided[0].readers.at(0).outputs, 7);
}

TEST(View, PrefersItsBoundariesToTheInstrumentsAdvice) {
  EXPECT_EQ(streams(latency, {})[0].boundaries, (std::vector<double>{1, 2}));
  EXPECT_EQ(streams(latency, {{.boundaries = {{7}}}})[0].boundaries, (std::vector<double>{7}));
  InstrumentInfo plain = latency;
  plain.boundaries.clear();
  EXPECT_EQ(streams(plain, {})[0].boundaries, standard_boundaries());
}

TEST(View, KeepsWhatCannotBeAHistogramStandard) {
  InstrumentInfo gauge{.name = "g", .kind = InstrumentKind::gauge};
  InstrumentInfo observed{.name = "o", .kind = InstrumentKind::observable_counter};
  InstrumentInfo stock{.name = "s", .kind = InstrumentKind::up_down_counter};
  const std::vector<MetricView> views{{.aggregation = MetricAggregation::explicit_histogram}};
  EXPECT_EQ(streams(gauge, views)[0].point, PointKind::gauge);
  EXPECT_EQ(streams(observed, views)[0].point, PointKind::sum);
  EXPECT_EQ(streams(stock, views)[0].point, PointKind::sum);
  EXPECT_EQ(streams(orders, views)[0].point, PointKind::explicit_histogram);
}

}  // namespace
}  // namespace posthaste::metrics

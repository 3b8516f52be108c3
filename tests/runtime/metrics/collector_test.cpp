#include "runtime/metrics/collector.h"

#include "tests/support/metric_points.h"
#include "tests/support/sanitizers.h"

#include <gtest/gtest.h>

#include <malloc.h>

#include <cmath>
#include <limits>
#include <map>

namespace posthaste::metrics {
namespace {

using testing_support::Point;
using testing_support::PointList;
using testing_support::TestMeter;

MetricStoreSetup with(TemporalityPreference preference) {
  return {.readers = {{.wants = {.temporality = preference}}}};
}

TEST(Collector, SendsWhatASumGrewByAndNothingWhereItDidNot) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  orders.measure_all<std::int64_t>(2, {{"country", "fr"}});
  orders.measure_all<std::int64_t>(3, {{"country", "fr"}});
  orders.measure_all<std::int64_t>(1, {{"country", "de"}});
  auto points = test.collect();
  ASSERT_EQ(points.size(), 2u);
  const Point fr = test.find(points, "orders", "country=fr");
  EXPECT_EQ(fr.int64, 5);
  EXPECT_TRUE(fr.integer && fr.monotonic);
  EXPECT_EQ(fr.kind, model::MetricKind::sum);
  EXPECT_EQ(fr.temporality, model::Temporality::delta);
  EXPECT_EQ(fr.unit, "u");
  EXPECT_EQ(fr.description, "d");
  EXPECT_EQ(fr.end - fr.start, 10'000'000'000u);
  orders.measure_all<std::int64_t>(7, {{"country", "fr"}});
  points = test.collect();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].int64, 7);
  EXPECT_EQ(points[0].start, fr.end);
  EXPECT_TRUE(test.collect().empty());
}

TEST(Collector, SendsTheWholeSumWhereThatIsWanted) {
  TestMeter test(with(TemporalityPreference::cumulative));
  Instrument& orders = test.make("orders");
  orders.measure_all<std::int64_t>(2, {});
  const Point first = test.collect().at(0);
  EXPECT_EQ(first.temporality, model::Temporality::cumulative);
  orders.measure_all<std::int64_t>(3, {});
  const Point second = test.collect().at(0);
  EXPECT_EQ(second.int64, 5);
  EXPECT_EQ(second.start, first.start);
  EXPECT_EQ(test.collect().at(0).int64, 5);
}

TEST(Collector, SendsUpDownCountersWhole) {
  TestMeter test;
  Instrument& stock = test.make("stock", InstrumentKind::up_down_counter);
  stock.measure_all<std::int64_t>(5, {});
  stock.measure_all<std::int64_t>(-7, {});
  test.collect();
  const Point point = test.collect().at(0);
  EXPECT_EQ(point.int64, -2);
  EXPECT_FALSE(point.monotonic);
  EXPECT_EQ(point.temporality, model::Temporality::cumulative);
}

TEST(Collector, ServesReadersOfDifferentTemporality) {
  TestMeter test(
      {.readers = {{{TemporalityPreference::delta}, 1}, {{TemporalityPreference::cumulative}, 2}}});
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false, {10});
  for (int round = 1; round <= 2; ++round) {
    orders.measure_all<std::int64_t>(1, {});
    latency.measure_all(4.0, {});
    const auto points = test.collect();
    ASSERT_EQ(points.size(), 4u);
    EXPECT_EQ(points[0].int64, 1);
    EXPECT_EQ(points[0].outputs, 1);
    EXPECT_EQ(points[1].int64, round);
    EXPECT_EQ(points[1].outputs, 2);
    EXPECT_EQ(points[2].count, 1u);
    EXPECT_EQ(points[3].count, static_cast<std::uint64_t>(round));
  }
}

MetricStoreSetup for_two_outputs() {
  return {.readers = readers_of(std::vector<MetricPreferences>{
              {}, {.temporality = TemporalityPreference::cumulative}})};
}

TEST(Collector, TellsEachOutputItsOwnTimesOverTheDeathsOfCollectors) {
  TestMeter test(for_two_outputs());
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false, {10});
  orders.measure_all<std::int64_t>(1, {});
  latency.measure_all(1.0, {});
  std::map<std::string, std::vector<Point>> by_series;
  const auto collect = [&](std::size_t room) {
    test.clock.advance(std::chrono::seconds(10));
    PointList list;
    list.room = room;
    test.collector->gather(++test.collections, test.clock.wall());
    test.collector->emit(list);
    for (Point& point : list.points) {
      by_series[point.name + std::to_string(point.outputs)].push_back(std::move(point));
    }
  };
  for (std::size_t room = 0; room < 8; ++room) {
    orders.measure_all<std::int64_t>(10, {});
    latency.measure_all(2.0, {});
    collect(room);
    test.collector = std::make_unique<Collector>(*test.meter);  // the last one died there
  }
  collect(4);
  ASSERT_EQ(by_series.size(), 4u);
  for (const auto& [series, points] : by_series) {
    std::int64_t sum = 0;
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const bool delta = points[i].temporality == model::Temporality::delta;
      EXPECT_EQ(delta, points[i].outputs == 1);
      EXPECT_EQ(points[i].start, i == 0 || !delta ? points[0].start : points[i - 1].end);
      EXPECT_LT(points[i].start, points[i].end);
      if (points[i].integer) sum = (delta ? sum : 0) + points[i].int64;
      count = (delta ? count : 0) + points[i].count;
    }
    if (points[0].count == 0) {
      EXPECT_EQ(sum, 81) << series;
    } else {
      EXPECT_EQ(count, 9u) << series;
    }
  }
}

TEST(Collector, BeginsASeriesThatComesBackAnew) {
  TestMeter test(for_two_outputs());
  Instrument& bytes = test.make("bytes", InstrumentKind::observable_counter);
  Instrument& orders = test.make("orders");
  bytes.observe<std::int64_t>(100, {}, 1);
  const auto first = test.collect();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_TRUE(test.collect().empty());  // not observed
  bytes.observe<std::int64_t>(30, {}, 3);
  orders.measure_all<std::int64_t>(1, {});  // a series that comes late
  const auto again = test.collect();
  ASSERT_EQ(again.size(), 4u);
  for (const Point& point : again) {
    EXPECT_EQ(point.int64, point.name == "bytes" ? 30 : 1);
    EXPECT_EQ(point.end - point.start, 10'000'000'000u);
  }
  // The whole goes on from there.
  bytes.observe<std::int64_t>(50, {}, 4);
  for (const Point& point : test.collect()) {
    const bool delta = point.temporality == model::Temporality::delta;
    EXPECT_EQ(point.end - point.start, delta ? 10'000'000'000u : 20'000'000'000u);
    if (point.name == "bytes") {
      EXPECT_EQ(point.int64, delta ? 20 : 50);
    }
  }
}

TEST(Collector, NeverEndsAPointBeforeItsStart) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  orders.measure_all<std::int64_t>(1, {});
  test.collect();
  orders.measure_all<std::int64_t>(1, {});
  PointList list;
  test.collector->gather(++test.collections, test.clock.wall() - std::chrono::hours(1));
  ASSERT_TRUE(test.collector->emit(list));
  EXPECT_LE(list.points.at(0).start, list.points.at(0).end);
}

TEST(Collector, CountsAHistogramByItsBounds) {
  TestMeter test;
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false, {1, 10, 100});
  for (const double value : {0.0, 1.0, 1.5, 10.0, 50.0, 1000.0}) latency.measure_all(value, {});
  const Point point = test.collect().at(0);
  EXPECT_EQ(point.kind, model::MetricKind::histogram);
  EXPECT_EQ(point.bounds, (std::vector<double>{1, 10, 100}));
  EXPECT_EQ(point.counts, (std::vector<std::uint64_t>{2, 2, 1, 1}));
  EXPECT_EQ(point.count, 6u);
  EXPECT_EQ(point.value, 1062.5);
  EXPECT_EQ(point.min, 0);
  EXPECT_EQ(point.max, 1000);
}

TEST(Collector, KeepsLeastAndGreatestToTheirInterval) {
  TestMeter test;
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  for (const double value : {100.0, 1.0, 50.0, 2.0}) {
    latency.measure_all(value, {});
    latency.measure_all(value + 1, {});
    const Point point = test.collect().at(0);
    EXPECT_EQ(point.min, value);
    EXPECT_EQ(point.max, value + 1);
    EXPECT_EQ(point.count, 2u);
  }
}

TEST(Collector, CountsAnExponentialHistogramAtTheScaleThatFits) {
  TestMeter test({.views = {{.aggregation = MetricAggregation::exponential_histogram}}});
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  latency.measure_all(0.0, {});
  for (int i = 1; i <= 1000; ++i) latency.measure_all(std::exp2(i / 100.0), {});
  const Point point = test.collect().at(0);
  EXPECT_EQ(point.kind, model::MetricKind::exponential_histogram);
  EXPECT_EQ(point.count, 1001u);
  EXPECT_EQ(point.zeros, 1u);
  EXPECT_EQ(point.scale, 4);  // ten octaves at 16 buckets each are the most that 160 hold
  std::uint64_t sum = 0;
  for (const std::uint64_t count : point.counts) sum += count;
  EXPECT_EQ(sum, 1000u);
  // The next interval begins anew, at the best scale.
  latency.measure_all(3.0, {});
  EXPECT_EQ(test.collect().at(0).scale, greatest_scale);
}

TEST(Collector, KeepsAGaugesLastValue) {
  TestMeter test;
  Instrument& gauge = test.make("temperature", InstrumentKind::gauge, false);
  EXPECT_TRUE(test.collect().empty());
  gauge.measure_all(-3.5, {});
  gauge.measure_all(20.25, {});
  EXPECT_EQ(test.collect().at(0).value, 20.25);
  const Point again = test.collect().at(0);
  EXPECT_EQ(again.value, 20.25);
  EXPECT_EQ(again.kind, model::MetricKind::gauge);
}

TEST(Collector, SendsWhatIsObservedAndForgetsWhatIsNot) {
  TestMeter test;
  Instrument& bytes = test.make("bytes", InstrumentKind::observable_counter);
  bytes.observe<std::int64_t>(100, {{"disk", "a"}}, 1);
  bytes.observe<std::int64_t>(50, {{"disk", "b"}}, 1);
  EXPECT_EQ(test.collect().size(), 2u);
  bytes.observe<std::int64_t>(130, {{"disk", "a"}}, 2);
  auto points = test.collect();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].int64, 30);
  // It fell: it began anew.
  bytes.observe<std::int64_t>(10, {{"disk", "a"}}, 3);
  EXPECT_EQ(test.collect().at(0).int64, 10);
  const std::uint64_t before = test.store->context().memory.used();
  bytes.observe<std::int64_t>(60, {{"disk", "c"}}, 4);
  EXPECT_EQ(test.collect().size(), 1u);
  EXPECT_EQ(test.store->context().memory.used(), before);
  EXPECT_TRUE(test.collect().empty());
}

TEST(Collector, LeavesOutAnInstrumentWhoseCallbackHangs) {
  TestMeter test;
  Instrument& hung = test.make("hung", InstrumentKind::observable_gauge);
  Instrument& other = test.make("other", InstrumentKind::observable_gauge);
  hung.observe<std::int64_t>(1, {}, 1);
  other.observe<std::int64_t>(2, {}, 1);
  const std::lock_guard running(hung.observing());
  std::vector<Point> points;
  std::thread([&] { points = test.collect(); }).join();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].name, "other");
}

TEST(Collector, SumsUpWhatIsBeyondTheLimitInOneSeries) {
  TestMeter test({.defaults = {.cardinality_limit = 10}});
  Instrument& orders = test.make("orders");
  for (std::int64_t i = 0; i < 100'000; ++i) orders.measure_all<std::int64_t>(1, {{"user", i}});
  const auto points = test.collect();
  EXPECT_EQ(points.size(), 10u);
  EXPECT_EQ(test.find(points, "orders", "otel.metric.overflow=true").int64, 100'000 - 9);
  EXPECT_EQ(orders.streams()[0]->overflowed(), 100'000u - 9);
}

TEST(Collector, TakesAMillionAttributeSetsInBoundedMemory) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  const std::size_t before = ::mallinfo2().uordblks;
  constexpr std::int64_t sets = 1'000'000;
  for (std::int64_t i = 0; i < sets; ++i) orders.measure_all<std::int64_t>(1, {{"user.id", i}});
  [[maybe_unused]] const std::size_t for_orders = ::mallinfo2().uordblks - before;
  for (std::int64_t i = 0; i < sets; ++i) latency.measure_all(1.0, {{"user.id", i}});
  [[maybe_unused]] const std::size_t for_all = ::mallinfo2().uordblks - before;
  const std::uint64_t charged = test.store->context().memory.used();
  EXPECT_LE(charged, 4u << 20);
#ifndef POSTHASTE_TEST_SANITIZED
  EXPECT_LE(for_orders, 1u << 20);  // as docs/metrics.md says
  EXPECT_LE(for_all, 4u << 20);
  EXPECT_LE(for_all, charged + charged / 4);  // what the allocator adds is little
#endif
  const auto points = test.collect();
  EXPECT_EQ(points.size(), 4'000u);
  std::int64_t sum = 0;
  std::uint64_t count = 0;
  for (const Point& point : points) {
    sum += point.int64 * (point.name == "orders" ? 1 : 0);
    count += point.count;
  }
  EXPECT_EQ(sum, sets);
  EXPECT_EQ(count, static_cast<std::uint64_t>(sets));
  EXPECT_EQ(test.find(points, "orders", "otel.metric.overflow=true").int64, sets - 1'999);
  EXPECT_EQ(test.find(points, "latency", "otel.metric.overflow=true").count, sets - 1'999u);
  EXPECT_EQ(orders.streams()[0]->overflowed(), sets - 1'999u);
}

TEST(Collector, SumsUpInOneSeriesWhatHasNoMemory) {
  TestMeter test({.memory = 16 * 1024, .defaults = {.cardinality_limit = 1'000'000}});
  Instrument& orders = test.make("orders");
  for (std::int64_t i = 0; i < 10'000; ++i) orders.measure_all<std::int64_t>(1, {{"user", i}});
  std::int64_t sum = 0;
  const auto points = test.collect();
  for (const Point& point : points) sum += point.int64;
  EXPECT_EQ(sum, 10'000);
  EXPECT_LT(points.size(), 100u);
  EXPECT_LE(test.store->context().memory.used(), 16u * 1024);
  EXPECT_GT(test.find(points, "orders", "otel.metric.overflow=true").int64, 9'000);
}

TEST(Collector, KeepsOneSeriesWhateverTheOrderAndRepetition) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  orders.measure_all<std::int64_t>(1, {{"a", 1}, {"b", 2}});
  orders.measure_all<std::int64_t>(1, {{"b", 2}, {"a", 1}});
  orders.measure_all<std::int64_t>(1, {{"a", 9}, {"b", 2}, {"a", 1}});
  const auto points = test.collect();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].int64, 3);
}

TEST(Collector, SeparatesViewsOfOneInstrument) {
  TestMeter test({.views = {{.name = "by.country", .attribute_keys = {{"country"}}},
                            {.name = "all", .attribute_keys = std::vector<std::string>{}},
                            {.name = "sizes", .boundaries = {{5}}}}});
  Instrument& sizes = test.make("size", InstrumentKind::histogram);
  sizes.measure_all<std::int64_t>(3, {{"country", "fr"}, {"user", 1}});
  sizes.measure_all<std::int64_t>(8, {{"country", "fr"}, {"user", 2}});
  const auto points = test.collect();
  EXPECT_EQ(points.size(), 4u);
  EXPECT_EQ(test.find(points, "by.country", "country=fr").count, 2u);
  EXPECT_EQ(test.find(points, "all").value, 11);
  EXPECT_EQ(test.find(points, "sizes", "country=fr,user=2").counts,
            (std::vector<std::uint64_t>{0, 1}));
}

TEST(Collector, RefusesAndCountsWhatAnInstrumentDoesNotTake) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  orders.measure_all<std::int64_t>(-1, {});
  latency.measure_all(-0.5, {});
  latency.measure_all(std::numeric_limits<double>::quiet_NaN(), {});
  latency.measure_all(std::numeric_limits<double>::infinity(), {});
  EXPECT_TRUE(test.collect().empty());
  EXPECT_EQ(test.store->context().refused_for(MeasurementRefusal::negative), 2u);
  EXPECT_EQ(test.store->context().refused_for(MeasurementRefusal::not_finite), 2u);
  orders.measure_all<std::int64_t>(1, {});
  test.store->close();
  orders.measure_all<std::int64_t>(1, {});
  measure(*orders.streams()[0]->first(), std::int64_t{1});
  EXPECT_EQ(test.store->context().refused_for(MeasurementRefusal::late), 2u);
}

TEST(Collector, GoesOnWhereItsSinkWasFull) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  for (std::int64_t i = 0; i < 20; ++i) {
    orders.measure_all<std::int64_t>(1, {{"n", i}});
    latency.measure_all(1.0, {{"n", i}});
  }
  PointList list;
  test.collector->gather(1, test.clock.wall());
  while (!test.collector->emit(list)) list.room += 3;
  EXPECT_EQ(list.points.size(), 40u);
  EXPECT_FALSE(test.collector->emitting());
}

TEST(Collector, IsReplacedWithoutLosingOrDoublingACount) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  std::int64_t sum = 0;
  std::uint64_t count = 0;
  for (std::size_t room = 0; room < 30; ++room) {
    for (std::int64_t i = 0; i < 10; ++i) {
      orders.measure_all<std::int64_t>(1, {{"n", i}});
      latency.measure_all(1.0, {{"n", i}});
    }
    PointList list;
    list.room = room;
    test.collector->gather(room, test.clock.wall());
    test.collector->emit(list);
    test.collector = std::make_unique<Collector>(*test.meter);
    for (const Point& point : list.points) {
      sum += point.count > 0 ? 0 : point.int64;
      count += point.count;
    }
  }
  for (const Point& point : test.collect()) {
    sum += point.count > 0 ? 0 : point.int64;
    count += point.count;
  }
  EXPECT_EQ(sum, 300);
  EXPECT_EQ(count, 300u);
}

TEST(MeterState, GivesTheSameInstrumentAgain) {
  TestMeter test;
  Instrument& first = test.make("orders");
  EXPECT_EQ(&first, &test.make("Orders"));
  EXPECT_TRUE(test.said.empty());
}

TEST(MeterState, SaysThatANameStandsForTwoInstruments) {
  TestMeter test;
  Instrument& first = test.make("orders");
  Instrument& second = test.make("orders", InstrumentKind::up_down_counter);
  EXPECT_NE(&first, &second);
  ASSERT_EQ(test.said.size(), 1u);
  EXPECT_EQ(test.said[0].code, DiagnosticCode::instrument_conflict);
  EXPECT_EQ(&second, &test.make("orders", InstrumentKind::up_down_counter));
  first.measure_all<std::int64_t>(1, {});
  second.measure_all<std::int64_t>(-1, {});
  EXPECT_EQ(test.collect().size(), 2u);
}

TEST(MeterState, RefusesNamesThatAreNone) {
  TestMeter test;
  for (const char* name : {"", "1st", "a b", "ü", "_x"}) {
    EXPECT_EQ(test.meter->make({.name = name}), nullptr);
  }
  EXPECT_EQ(test.meter->make({.name = std::string(256, 'n')}), nullptr);
  EXPECT_NE(test.meter->make({.name = "a_b.c-d/e9"}), nullptr);
  EXPECT_EQ(test.said.size(), 6u);
  EXPECT_EQ(test.said[0].code, DiagnosticCode::instrument_refused);
}

TEST(MeterState, UsesStandardBoundariesInsteadOfUnorderedOnes) {
  TestMeter test;
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false, {5, 1});
  EXPECT_EQ(latency.streams()[0]->spec().boundaries, standard_boundaries());
  EXPECT_EQ(test.said.size(), 1u);
}

}  // namespace
}  // namespace posthaste::metrics

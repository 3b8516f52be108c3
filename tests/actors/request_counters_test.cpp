#include "actors/request_counters.h"

#include "tests/support/dice.h"
#include "tests/support/metric_points.h"

#include <posthaste/span_kind.h>

#include <gtest/gtest.h>

#include <optional>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
using posthaste::testing_support::Dice;
using posthaste::testing_support::Point;
using posthaste::testing_support::PointList;
using posthaste::testing_support::TestMeter;

struct Counting {
  Counting() { counters.begin(meter.clock.steady()); }

  void request(std::chrono::milliseconds duration) {
    wire::Measure measure;
    measure.operation = wire::Measure::Operation::request;
    measure.server = true;
    measure.duration = duration;
    counters.count(measure);
  }
  void exceptions(std::uint32_t count) {
    wire::Measure measure;
    measure.exceptions = count;
    counters.count(measure);
  }
  /// `sent`: nobody dies on the way.
  std::vector<Point> collect(std::chrono::nanoseconds later, bool sent = true) {
    meter.clock.advance(later);
    counters.observe(++meter.collections, meter.clock.steady());
    PointList list;
    meter.collector->gather(meter.collections, meter.clock.wall());
    EXPECT_TRUE(meter.collector->emit(list));
    if (sent) counters.sent();
    return list.points;
  }
  static std::optional<double> rate(const std::vector<Point>& points, const std::string& name) {
    const Point point = TestMeter::find(points, name);
    return point.name.empty() ? std::nullopt : std::optional(point.value);
  }

  TestMeter meter;
  RequestCounters counters{*meter.meter};
};

TEST(RequestCounters, AreRatesAndADistributionOfRequestsAndExceptions) {
  Counting c;
  for (int i = 1; i <= 30; ++i) c.request(i * 1ms);
  c.exceptions(6);
  const auto points = c.collect(60s);
  EXPECT_EQ(c.rate(points, "Request_Rate"), 0.5);
  EXPECT_EQ(c.rate(points, "Exception_Rate"), 0.1);
  const Point time = TestMeter::find(points, "Request_Execution_Time");
  EXPECT_EQ(time.count, 30u);
  EXPECT_EQ(time.value, 465);
  EXPECT_EQ(time.min, 1);
  EXPECT_EQ(time.max, 30);
}

TEST(RequestCounters, OfAQuietServerAreZeroWithoutADistribution) {
  Counting c;
  const auto points = c.collect(60s);
  EXPECT_EQ(c.rate(points, "Request_Rate"), 0);
  EXPECT_EQ(c.rate(points, "Exception_Rate"), 0);
  EXPECT_EQ(TestMeter::find(points, "Request_Execution_Time").count, 0u);
}

TEST(RequestCounters, DoNotCountConsumersAndOthersAsRequests) {
  Counting c;
  wire::Measure consumed;
  consumed.operation = wire::Measure::Operation::request;
  c.counters.count(consumed);
  const auto points = c.collect(10s);
  EXPECT_EQ(c.rate(points, "Request_Rate"), 0);
}

TEST(RequestCounters, CountServersWhoseRecordCouldNotBeLookedInto) {
  Counting c;
  model::RecordHead record{};
  record.type = model::RecordType::span;
  for (const SpanKind kind : {SpanKind::server, SpanKind::client, SpanKind::server}) {
    record.kind = static_cast<std::uint8_t>(kind);
    c.counters.count_unknown(record, {});
  }
  record.type = model::RecordType::log;
  c.counters.count_unknown(record, {});
  EXPECT_EQ(c.rate(c.collect(10s), "Request_Rate"), 0.2);
}

TEST(RequestCounters, AddUpToWhatWasCountedWhoeverDiesInBetween) {
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    Dice dice(seed);
    Counting c;
    SteadyTime sent_at = c.meter.clock.steady();
    std::uint64_t counted = 0;
    double told = 0;
    std::uint64_t timed = 0;
    const auto collect = [&](std::chrono::nanoseconds later, bool sent) {
      const auto points = c.collect(later, sent);
      timed += TestMeter::find(points, "Request_Execution_Time").count;
      const auto rate = c.rate(points, "Request_Rate");
      if (!rate || !sent) return;
      told += *rate * std::chrono::duration<double>(c.meter.clock.steady() - sent_at).count();
      sent_at = c.meter.clock.steady();
    };
    for (int action = 0; action < 100; ++action) {
      for (std::uint32_t i = dice() % 20; i > 0; --i, ++counted) c.request(1ms);
      collect(std::chrono::milliseconds(dice() % 20'000), dice() % 3 != 0);
    }
    collect(60s, true);
    EXPECT_NEAR(told, static_cast<double>(counted), 1e-6) << "seed " << seed;
    EXPECT_EQ(timed, counted) << "seed " << seed;
  }
}

}  // namespace
}  // namespace posthaste::actors

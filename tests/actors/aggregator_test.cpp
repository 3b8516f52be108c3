#include "actors/aggregator.h"

#include "tests/actors/workshop.h"
#include "tests/support/dice.h"
#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <map>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
using posthaste::testing_support::Point;
using testing_support::Workshop;

/// A workshop with one meter, whose points are read from the lanes.
struct Measuring {
  Measuring() {
    shop.durable.metrics = std::make_shared<metrics::MetricStore>(
        metrics::MetricStoreSetup{}, shop.ingress(), shop.clock, *shop.durable.diagnostics);
    shop.durable.callbacks =
        std::make_unique<CallbackRunner>(shop.durable.metrics, [](std::uint32_t) {});
    bool made = false;
    meter = &shop.durable.metrics->meter("shop", 0, made);
    orders = meter->make({.name = "orders"});
    lanes = std::make_unique<arena::LaneReader>(shop.durable.arena);
  }
  void step() { shop.step(Role::aggregator); }
  /// What the sampler would take from the lanes.
  std::vector<Point> take_points() {
    std::vector<Point> points;
    arena::LaneReader::Batch batch;
    while (lanes->next_batch(batch, 64)) {
      for (const model::RecordHead* record : batch.records) {
        points.push_back(posthaste::testing_support::point_of(
            {reinterpret_cast<const std::byte*>(record), record->length()}));
      }
      lanes->drained(batch);
    }
    return points;
  }

  Workshop shop;
  metrics::MeterState* meter = nullptr;
  metrics::Instrument* orders = nullptr;
  std::unique_ptr<arena::LaneReader> lanes;
};

TEST(Aggregator, CollectsOnceInAnInterval) {
  Measuring m;
  m.step();
  m.orders->measure_all<std::int64_t>(3, {});
  m.shop.clock.advance(59s);
  m.step();
  EXPECT_TRUE(m.take_points().empty());
  m.shop.clock.advance(1s);
  m.step();
  const auto points = m.take_points();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].int64, 3);
  m.orders->measure_all<std::int64_t>(4, {});
  m.step();
  EXPECT_TRUE(m.take_points().empty());
}

TEST(Aggregator, KeepsItsTimeOverItsDeath) {
  Measuring m;
  m.step();
  m.orders->measure_all<std::int64_t>(3, {});
  m.shop.clock.advance(59s);
  m.shop.kill(Role::aggregator);
  m.step();
  EXPECT_TRUE(m.take_points().empty());
  m.shop.clock.advance(1s);
  m.step();
  EXPECT_EQ(m.take_points().size(), 1u);
}

/// Notes what it is asked for.
struct NotingSource final : metrics::MeterSource {
  NotingSource(metrics::Instrument& observed, std::vector<std::string>& to)
      : instrument(observed), notes(to) {}
  void begin(SteadyTime) override { notes.push_back("begin"); }
  void observe(std::uint64_t collection, SteadyTime) override {
    notes.push_back("observe");
    instrument.observe_from_source(std::int64_t{7}, {}, collection);
  }
  metrics::Instrument& instrument;
  std::vector<std::string>& notes;
};

TEST(Aggregator, AsksASourceInEachCollectionWithoutAThread) {
  Measuring m;
  std::vector<std::string> notes;
  metrics::Instrument* const level =
      m.meter->make({.name = "level", .kind = InstrumentKind::observable_gauge});
  m.meter->add_source(std::make_unique<NotingSource>(*level, notes));
  m.step();
  EXPECT_EQ(notes, std::vector<std::string>{"begin"});
  m.shop.clock.advance(60s);
  m.shop.kill(Role::aggregator);
  m.step();
  EXPECT_EQ(notes, (std::vector<std::string>{"begin", "observe"}));
  const auto points = m.take_points();
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].int64, 7);
  m.shop.durable.last_collection = true;
  m.step();
  EXPECT_EQ(m.take_points().size(), 1u);
  EXPECT_EQ(notes.size(), 3u);
}

TEST(Aggregator, CollectsForAFlushAndSaysSo) {
  Measuring m;
  m.step();
  m.orders->measure_all<std::int64_t>(3, {});
  m.shop.durable.flushes.add(m.shop.clock.steady() + 1s, [](bool) {});
  EXPECT_FALSE(m.shop.durable.collected_for(1));
  m.step();
  EXPECT_TRUE(m.shop.durable.collected_for(1));
  EXPECT_EQ(m.take_points().size(), 1u);
}

TEST(Aggregator, CollectsOnceMoreBeforeTheEnd) {
  Measuring m;
  m.step();
  m.orders->measure_all<std::int64_t>(3, {});
  EXPECT_FALSE(m.shop.durable.collections_finished());
  m.shop.durable.last_collection = true;
  m.step();
  EXPECT_TRUE(m.shop.durable.collections_finished());
  EXPECT_EQ(m.take_points().size(), 1u);
  m.step();
  EXPECT_TRUE(m.take_points().empty());
}

TEST(Aggregator, SaysThatAMetricHasTooManyAttributeSets) {
  Measuring m;
  for (std::int64_t i = 0; i < 3'000; ++i) m.orders->measure_all<std::int64_t>(1, {{"n", i}});
  m.shop.durable.last_collection = true;
  m.step();
  EXPECT_EQ(m.take_points().size(), 2'000u);
  EXPECT_EQ(m.shop.diagnostics, std::vector{DiagnosticCode::series_overflow});
}

TEST(Aggregator, LosesAndDoublesNothingWhereverItDies) {
  posthaste::testing_support::Dice dice(7);
  for (int round = 0; round < 20; ++round) {
    Measuring m;
    metrics::Instrument* const latency =
        m.meter->make({.name = "latency", .kind = InstrumentKind::histogram, .integer = false});
    std::int64_t given = 0, seen = 0;
    std::uint64_t recorded = 0, counted = 0;
    const auto take = [&] {
      for (const Point& point : m.take_points()) {
        seen += point.count > 0 ? 0 : point.int64;
        counted += point.count;
      }
    };
    for (int action = 0; action < 400; ++action) {
      switch (dice() % 8) {
        case 0: m.shop.kill(Role::aggregator); break;
        case 1: take(); break;  // else the lanes fill up
        case 2: m.shop.clock.advance(std::chrono::seconds(dice() % 90)); break;
        case 3: m.shop.durable.flushes.add(m.shop.clock.steady(), [](bool) {}); break;
        case 4:
        case 5: m.step(); break;
        default:
          for (std::int64_t i = 0; i < 200; ++i) {
            m.orders->measure_all<std::int64_t>(1, {{"n", i}});
            latency->measure_all(1.0, {{"n", i}});
            ++given;
            ++recorded;
          }
      }
    }
    m.shop.durable.last_collection = true;
    while (!m.shop.durable.collections_finished()) {
      m.step();
      take();
      m.shop.clock.advance(20ms);
    }
    take();
    EXPECT_EQ(seen, given);
    EXPECT_EQ(counted, recorded);
  }
}

/// Four rates of one count, which grows by one a second: each tells of all time, once.
struct RateSource final : metrics::MeterSource {
  explicit RateSource(metrics::MeterState& meter) {
    for (const char* const name : {"rate.1", "rate.2", "rate.3", "rate.4"}) {
      gauges.push_back(
          meter.make({.name = name, .kind = InstrumentKind::observable_gauge, .integer = false}));
    }
  }
  void begin(SteadyTime now) override { sent_at = now; }
  void observe(std::uint64_t collection, SteadyTime now) override {
    read_at = now;
    for (metrics::Instrument* const gauge : gauges) {
      gauge->observe_from_source(std::chrono::duration<double>(now - sent_at).count(), {},
                                 collection);
    }
  }
  void sent() noexcept override { sent_at = read_at; }

  std::vector<metrics::Instrument*> gauges;
  SteadyTime sent_at{};
  SteadyTime read_at{};
};

/// Takes so many points, then no more.
struct LimitedSink final : metrics::PointSink {
  explicit LimitedSink(std::size_t most) : room(most) {}
  bool put(std::span<const std::byte> record) noexcept override {
    if (points.size() == room) return false;
    points.push_back(posthaste::testing_support::point_of(record));
    return true;
  }
  std::size_t room;
  std::vector<Point> points;
};

TEST(Aggregator, LosesAndDoublesNothingWhereACollectionStopsHalfway) {
  for (std::size_t out = 0; out < 4; ++out) {
    Measuring m;
    m.meter->add_source(std::make_unique<RateSource>(*m.meter));
    m.step();
    const SteadyTime begun = m.shop.clock.steady();
    std::map<std::string, double> covered;
    const auto note = [&](const std::vector<Point>& points) {
      for (const Point& point : points) covered[point.name] += point.value;
    };
    m.shop.clock.advance(60s);
    {  // an aggregator that dies when some of its points are out
      const std::uint64_t number = m.meter->collections().fetch_add(1) + 1;
      m.meter->sources()[0]->observe(number, m.shop.clock.steady());
      metrics::Collector dies(*m.meter);
      dies.gather(number, m.shop.clock.wall());
      LimitedSink sink(out);
      EXPECT_FALSE(dies.emit(sink));
      note(sink.points);
    }
    for (const auto pause : {1s, 60s}) {
      m.shop.clock.advance(pause);
      m.step();
      note(m.take_points());
    }
    const double all = std::chrono::duration<double>(m.shop.clock.steady() - begun).count();
    for (const char* const name : {"rate.1", "rate.2", "rate.3", "rate.4"}) {
      EXPECT_DOUBLE_EQ(covered[name], all) << name << ", " << out;
    }
  }
}

}  // namespace
}  // namespace posthaste::actors

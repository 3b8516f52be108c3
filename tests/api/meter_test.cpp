#include "tests/api/memory_settings.h"

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace posthaste {
namespace {

using namespace std::chrono_literals;

TEST(Meter, TellsEachOutputInItsTemporality) {
  testing::InMemoryOutput growth;
  testing::InMemoryOutput whole;
  Settings settings = settings_for(growth);
  LocalOutput cumulative = whole.output();
  cumulative.metrics.temporality = TemporalityPreference::cumulative;
  settings.outputs.push_back(cumulative);
  Telemetry telemetry = start(settings);
  const Meter meter = telemetry.meter("shop");
  const Counter<> orders = meter.counter("orders");
  const UpDownCounter<> stock = meter.up_down_counter("stock");
  telemetry.tracer("t").start_span("for both").end();
  for (int i = 0; i < 2; ++i) {
    orders.add(5);
    stock.add(1);
    ASSERT_TRUE(telemetry.flush(5s).complete);
  }
  EXPECT_EQ(growth.points("orders").at(1).number(), 5);
  EXPECT_FALSE(growth.points("orders").at(1).cumulative);
  EXPECT_EQ(growth.points("orders").at(1).start, growth.points("orders").at(0).time);
  EXPECT_EQ(whole.points("orders").at(1).number(), 10);
  EXPECT_TRUE(whole.points("orders").at(1).cumulative);
  EXPECT_EQ(whole.points("orders").at(1).start, whole.points("orders").at(0).start);
  for (const testing::InMemoryOutput* const output : {&growth, &whole}) {
    EXPECT_EQ(output->points("stock").at(1).number(), 2);
    EXPECT_EQ(output->points("orders").size(), 2u);
    EXPECT_EQ(output->spans().size(), 1u);
  }
  const Ledger ledger = telemetry.ledger();
  EXPECT_EQ(ledger.accepted, 7u);
  for (const OutputLedger& output : ledger.outputs) {
    EXPECT_EQ(output.delivered, 5u);
    EXPECT_EQ(output.for_others, 2u);
  }
}

TEST(Meter, SendsWhatWasMeasuredBeforeAFlush) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  const Meter meter = telemetry.meter("shop", "1.2");
  const Counter<> orders = meter.counter("orders", {.unit = "{order}", .description = "Taken"});
  const Counter<double> paid = meter.counter<double>("paid");
  const UpDownCounter<> stock = meter.up_down_counter("stock");
  const Histogram<> latency = meter.histogram("latency", {.unit = "ms"});
  const Gauge<> temperature = meter.gauge("temperature");
  EXPECT_TRUE(orders.is_enabled() && stock.is_enabled() && latency.is_enabled());
  orders.add(2, {{"country", "fr"}});
  orders.add(1, {{"country", "de"}});
  paid.add(9.5);
  stock.add(-3);
  latency.record(12);
  latency.record(30);
  temperature.set(21.5);
  const FlushReport report = telemetry.flush(5s);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.ledger.accepted, 6u);
  EXPECT_EQ(report.delivered(), 6u);
  const auto french = memory.points("orders", {{"country", std::string("fr")}});
  ASSERT_EQ(french.size(), 1u);
  EXPECT_EQ(std::get<std::int64_t>(french[0].value), 2);
  EXPECT_EQ(french[0].unit, "{order}");
  EXPECT_EQ(french[0].description, "Taken");
  EXPECT_EQ(french[0].scope_name, "shop");
  EXPECT_EQ(french[0].scope_version, "1.2");
  EXPECT_TRUE(french[0].monotonic);
  EXPECT_LE(french[0].start, french[0].time);
  EXPECT_EQ(memory.points("paid").at(0).number(), 9.5);
  EXPECT_EQ(memory.points("stock").at(0).number(), -3);
  EXPECT_TRUE(memory.points("stock").at(0).cumulative);
  const testing::RecordedPoint distribution = memory.points("latency").at(0);
  EXPECT_EQ(distribution.kind, testing::MetricKind::histogram);
  EXPECT_EQ(distribution.count, 2u);
  EXPECT_EQ(distribution.number(), 42);
  EXPECT_EQ(distribution.min, 12);
  EXPECT_EQ(distribution.max, 30);
  EXPECT_EQ(distribution.boundaries.size(), 15u);
  EXPECT_EQ(memory.points("temperature").at(0).number(), 21.5);
}

TEST(Meter, SendsTheRestWhenItsTelemetryEnds) {
  testing::InMemoryOutput memory;
  {
    Telemetry telemetry = start(settings_for(memory));
    const Meter meter = telemetry.meter("shop");
    meter.counter("orders").add(1);
    telemetry.flush(5s);
    meter.counter("orders").add(41);
  }
  double sum = 0;
  for (const testing::RecordedPoint& point : memory.points("orders")) sum += point.number();
  EXPECT_EQ(sum, 42);
}

TEST(Meter, CollectsByItself) {
  testing::InMemoryOutput memory;
  Settings settings = settings_for(memory);
  settings.metrics.interval = 100ms;
  Telemetry telemetry = start(settings);
  const Counter<> orders = telemetry.meter("shop").counter("orders");
  orders.add(1);
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (memory.points("orders").empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(memory.points("orders").size(), 1u);
}

TEST(Meter, BindsASeriesOnce) {
  testing::InMemoryOutput memory;
  Settings settings = settings_for(memory);
  settings.metrics.views = {
      {.instrument = "twice.seen"},
      {.instrument = "twice.seen", .name = "twice.summed", .aggregation = MetricAggregation::sum}};
  Telemetry telemetry = start(settings);
  const Meter meter = telemetry.meter("shop");
  const auto orders = meter.counter("orders").bind({{"country", "fr"}});
  const auto price = meter.counter<double>("price").bind({});
  const auto stock = meter.up_down_counter("stock").bind({});
  const auto latency = meter.histogram("latency").bind({});
  const auto twice = meter.histogram("twice.seen").bind({});
  const auto level = meter.gauge<std::int64_t>("level").bind({});
  for (int i = 0; i < 100; ++i) {
    orders.add(1);
    price.add(0.5);
    stock.add(-1);
    latency.record(2);
    twice.record(3);
    level.set(i);
  }
  orders.add(-1);
  telemetry.flush(5s);
  EXPECT_EQ(memory.points("orders", {{"country", std::string("fr")}}).at(0).number(), 100);
  EXPECT_EQ(memory.points("price").at(0).number(), 50);
  EXPECT_EQ(memory.points("stock").at(0).number(), -100);
  EXPECT_EQ(memory.points("latency").at(0).count, 100u);
  EXPECT_EQ(memory.points("twice.seen").at(0).count, 100u);
  EXPECT_EQ(memory.points("twice.summed").at(0).number(), 300);
  EXPECT_EQ(memory.points("level").at(0).number(), 99);
}

TEST(Meter, DoesNothingWithoutATelemetry) {
  const Meter meter;
  meter.counter("n").add(1);
  meter.counter("n").bind({}).add(1);
  meter.histogram("n").bind({{"a", 1}}).record(1);
  BoundGauge<double>().set(1);
  EXPECT_FALSE(meter.gauge("n").is_enabled());
  const Telemetry none;
  EXPECT_FALSE(none.meter("x").counter("n").is_enabled());
}

TEST(Meter, OutlivesItsTelemetryQuietly) {
  testing::InMemoryOutput memory;
  Meter meter;
  Counter<> orders;
  BoundCounter<std::int64_t> bound;
  {
    Telemetry telemetry = start(settings_for(memory));
    meter = telemetry.meter("shop");
    orders = meter.counter("orders");
    bound = orders.bind({});
    bound.add(1);
  }
  // The next one may use the same parts of the process.
  Telemetry next = start(settings_for(memory));
  orders.add(5);
  bound.add(5);
  meter.counter("another").add(5);
  next.flush(5s);
  ASSERT_EQ(memory.points().size(), 1u);
  EXPECT_EQ(memory.points()[0].number(), 1);
}

TEST(Meter, DropsWhatAViewDrops) {
  testing::InMemoryOutput memory;
  Settings settings = settings_for(memory);
  settings.metrics.views = {{.instrument = "noise.*", .aggregation = MetricAggregation::drop}};
  Telemetry telemetry = start(settings);
  const Counter<> noise = telemetry.meter("shop").counter("noise.a");
  EXPECT_FALSE(noise.is_enabled());
  noise.add(1);
  noise.bind({}).add(1);
  telemetry.flush(5s);
  EXPECT_TRUE(memory.points().empty());
}

TEST(Meter, GivesPointsTheTraceThatAnExampleIsIn) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  const Histogram<> latency = telemetry.meter("shop").histogram("latency");
  for (int round = 0; round < 2; ++round) {
    latency.record(1);
    {
      Span span = telemetry.tracer("t").start_span("request");
      const Scope scope(span);
      latency.record(2);
    }
    telemetry.flush(5s);
  }
  const auto points = memory.points("latency");
  ASSERT_EQ(points.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(points[i].exemplars.size(), 1u);
    EXPECT_EQ(points[i].exemplars[0].trace_id, memory.spans().at(i).trace_id);
    EXPECT_EQ(points[i].exemplars[0].span_id, memory.spans().at(i).span_id);
    EXPECT_EQ(points[i].exemplars[0].value, 2);
  }
}

TEST(Meter, GivesEachBucketAnExampleWithWhatAViewLeftOut) {
  testing::InMemoryOutput memory;
  Settings settings = settings_for(memory);
  settings.metrics.views = {{.attribute_keys = {{"route"}}}};
  Telemetry telemetry = start(settings);
  const Meter meter = telemetry.meter("shop");
  constexpr double bounds[]{10, 100};
  const Histogram<std::int64_t> latency =
      meter.histogram<std::int64_t>("latency", {.boundaries = bounds});
  const Counter<> orders = meter.counter("orders");
  {
    Span span = telemetry.tracer("t").start_span("request");
    const Scope scope(span);
    for (const std::int64_t value : {5, 6, 500, 7}) {
      latency.record(value, {{"route", "/pay"}, {"user", "u1"}, {"size", value}});
    }
    const std::int64_t ids[]{1, 2};
    orders.add(3, {{"user", "u2"}, {"ids", std::span<const std::int64_t>(ids)}, {"big", true}});
  }
  telemetry.flush(5s);
  const testing::RecordedPoint point = memory.points("latency").at(0);
  EXPECT_EQ(point.attributes.size(), 1u);
  ASSERT_EQ(point.exemplars.size(), 2u);  // none of the bucket in between
  EXPECT_EQ(point.exemplars[0].value, 5);
  EXPECT_EQ(point.exemplars[1].value, 500);
  const testing::ValueMap left_out{{"user", std::string("u1")}, {"size", std::int64_t{500}}};
  EXPECT_EQ(point.exemplars[1].attributes, left_out);
  const testing::RecordedPoint sum = memory.points("orders").at(0);
  ASSERT_EQ(sum.exemplars.size(), 1u);
  EXPECT_EQ(sum.exemplars[0].value, 3);
  EXPECT_EQ(sum.exemplars[0].attributes.size(), 2u);  // lists are not kept
}

TEST(Meter, TakesExamplesAsTheFilterSays) {
  for (const ExemplarFilter filter :
       {ExemplarFilter::trace_based, ExemplarFilter::always_on, ExemplarFilter::always_off}) {
    testing::InMemoryOutput memory;
    Settings settings = settings_for(memory);
    settings.metrics.exemplars = filter;
    Telemetry telemetry = start(settings);
    const Meter meter = telemetry.meter("shop");
    for (int round = 0; round < 2; ++round) {
      meter.counter("outside").add(1);
      meter.gauge("outside.level").set(1);
      Span span = telemetry.tracer("t").start_span("request");
      const Scope scope(span);
      meter.counter("inside").add(1);
      meter.gauge("inside.level").set(1);
      telemetry.flush(5s);
    }
    const auto examples = [&memory](const char* name) {
      return memory.points(name).at(1).exemplars.size();
    };
    const std::size_t outside = filter == ExemplarFilter::always_on ? 1 : 0;
    const std::size_t inside = filter == ExemplarFilter::always_off ? 0 : 1;
    EXPECT_EQ(examples("outside"), outside);
    EXPECT_EQ(examples("outside.level"), outside);
    EXPECT_EQ(examples("inside"), inside);
    EXPECT_EQ(examples("inside.level"), inside);
  }
}

TEST(Meter, CountsTheSumsOfManyThreadsOnce) {
  testing::InMemoryOutput memory;
  Settings settings = settings_for(memory);
  settings.metrics.interval = 100ms;
  {
    Telemetry telemetry = start(settings);
    const Counter<> orders = telemetry.meter("shop").counter("orders");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([orders, i] {
        const auto bound = orders.bind({{"thread", i}});
        for (int n = 0; n < 50'000; ++n) {
          bound.add(1);
          orders.add(1, {{"n", n % 10}});
        }
      });
    }
    telemetry.flush(5s);
    for (std::thread& thread : threads) thread.join();
  }
  double sum = 0;
  for (const testing::RecordedPoint& point : memory.points("orders")) sum += point.number();
  EXPECT_EQ(sum, 400'000);
}

TEST(Meter, IsQuietInAChildOfFork) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  const Counter<> orders = telemetry.meter("shop").counter("orders");
  const auto bound = orders.bind({});
  bound.add(1);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    bound.add(10);
    orders.add(10);
    orders.add(10, {{"new", true}});
    telemetry.meter("other").counter("n").add(1);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  telemetry.flush(5s);
  ASSERT_EQ(memory.points().size(), 1u);
  EXPECT_EQ(memory.points()[0].number(), 1);
}

}  // namespace
}  // namespace posthaste

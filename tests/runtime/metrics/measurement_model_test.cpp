// Random threads, attribute sets, views and collection moments against a model: whatever is
// measured arrives once, in sums, counts and buckets.

#include "runtime/metrics/collector.h"

#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace posthaste::metrics {
namespace {

using testing_support::Point;
using testing_support::PointList;
using testing_support::TestMeter;

struct Sum {
  std::int64_t int64 = 0;
  double value = 0;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> buckets;
};
using Model = std::map<std::string, Sum>;  // by name and attributes

struct Case {
  const char* name;
  std::uint64_t memory;
  std::uint32_t limit;
  bool exponential;
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.name;
}

class MeasurementModel : public testing::TestWithParam<Case> {};

constexpr int threads_at_once = 4;
constexpr int thread_lives = 24;
constexpr int measurements = 3'000;
constexpr std::int64_t sets = 12;

void add_points(Model& seen, const std::vector<Point>& points) {
  for (const Point& point : points) {
    Sum& sum = seen[point.name];
    if (point.count > 0) {
      sum.value += point.value;
    } else if (point.integer) {
      sum.int64 += point.int64;
    } else {
      sum.value += point.value;
    }
    sum.count += point.count;
    sum.buckets.resize(std::max(sum.buckets.size(), point.counts.size()));
    for (std::size_t i = 0; i < point.counts.size(); ++i) sum.buckets[i] += point.counts[i];
    if (point.count > 0) {
      EXPECT_LE(point.min, point.max);
      EXPECT_GE(point.value, point.min * static_cast<double>(point.count));
      EXPECT_LE(point.value, point.max * static_cast<double>(point.count));
    }
  }
}

struct Instruments {
  Instrument& orders;
  Instrument& price;
  Instrument& latency;
};

/// Values are sixteenths, so that sums of doubles are exact.
void measure_at_random(const Instruments& to, std::uint64_t seed, Sum& orders, Sum& price,
                       Sum& latency) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < measurements; ++i) {
    const auto set = static_cast<std::int64_t>(random() % sets);
    const auto amount = static_cast<std::int64_t>(random() % 100);
    const double value = static_cast<double>(random() % 4096) / 16;
    const Attribute forwards[]{{"set", set}, {"kind", "test"}, {"even", set % 2 == 0}};
    const Attribute backwards[]{forwards[2], forwards[1], forwards[0]};
    const Attributes attributes{
        std::span<const Attribute>(random() % 2 == 0 ? forwards : backwards)};
    switch (random() % 3) {
      case 0:
        to.orders.measure_all(amount, attributes);
        orders.int64 += amount;
        break;
      case 1:
        to.price.measure_all(value, attributes);
        price.value += value;
        break;
      default:
        to.latency.measure_all(value, attributes);
        latency.value += value;
        ++latency.count;
    }
  }
}

TEST_P(MeasurementModel, ArrivesOnce) {
  TestMeter test({.memory = GetParam().memory,
                  .defaults = {.cardinality_limit = GetParam().limit},
                  .readers = {{.wants = {.exponential_histograms = GetParam().exponential}}}});
  const Instruments instruments{test.make("orders"),
                                test.make("price", InstrumentKind::counter, false),
                                test.make("latency", InstrumentKind::histogram, false)};
  Model given;
  std::mutex mutex;
  std::atomic<int> lives{0};
  std::atomic<int> running{threads_at_once};
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_at_once; ++i) {
    threads.emplace_back([&] {
      for (int life = lives++; life < thread_lives; life = lives++) {
        // Each life is a thread of its own, so that cells change hands while others collect.
        std::thread([&, life] {
          Sum orders, price, latency;
          measure_at_random(instruments, static_cast<std::uint64_t>(life), orders, price, latency);
          const std::lock_guard lock(mutex);
          given["orders"].int64 += orders.int64;
          given["price"].value += price.value;
          given["latency"].value += latency.value;
          given["latency"].count += latency.count;
        }).join();
      }
      --running;
    });
  }
  Model seen;
  std::mt19937_64 random(9);
  while (running > 0) {
    PointList list;
    list.room = random() % 64;
    test.collector->gather(++test.collections, test.clock.wall());
    while (!test.collector->emit(list) && random() % 4 != 0) list.room += 8;
    if (random() % 4 == 0) {
      test.collector = std::make_unique<Collector>(*test.meter);
    }
    add_points(seen, list.points);
  }
  for (std::thread& thread : threads) thread.join();
  add_points(seen, test.collect());
  add_points(seen, test.collect());  // what was in the bank that an interrupted thread held up

  EXPECT_EQ(seen["orders"].int64, given["orders"].int64);
  EXPECT_EQ(seen["price"].value, given["price"].value);
  const std::uint64_t contended = test.store->context().refused_for(MeasurementRefusal::contended);
  EXPECT_EQ(seen["latency"].count + contended, given["latency"].count);
  if (contended == 0) {
    EXPECT_EQ(seen["latency"].value, given["latency"].value);
  }
  EXPECT_LE(test.store->context().memory.used(), test.store->context().memory.bound());
}

INSTANTIATE_TEST_SUITE_P(Cases, MeasurementModel,
                         testing::Values(Case{"cells_of_threads", 8 << 20, 2000, false},
                                         Case{"shared_cells", 40 << 10, 2000, false},
                                         Case{"overflow", 8 << 20, 5, false},
                                         Case{"exponential", 8 << 20, 2000, true},
                                         Case{"exponential_shared", 200 << 10, 4, true}),
                         [](const auto& each) { return each.param.name; });

TEST(MeasurementModel, FreesTheCellsOfThreadsThatEnded) {
  TestMeter test;
  Instrument& orders = test.make("orders");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  std::int64_t sum = 0;
  std::uint64_t count = 0;
  std::uint64_t settled = 0;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        orders.measure_all<std::int64_t>(1, {{"n", 1}});
        latency.measure_all(2.0, {{"n", 1}});
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Point& point : test.collect()) {
      sum += point.count > 0 ? 0 : point.int64;
      count += point.count;
    }
    if (round == 0) settled = test.store->context().memory.used();
    EXPECT_EQ(test.store->context().memory.used(), settled);
  }
  EXPECT_EQ(sum, 200);
  EXPECT_EQ(count, 200u);
}

TEST(MeasurementModel, LivesOnWhereAThreadKnewTheSeriesOfAStoreThatIsGone) {
  for (int round = 0; round < 50; ++round) {
    TestMeter test;
    Instrument& orders = test.make("orders");
    for (std::int64_t i = 0; i < 50; ++i) orders.measure_all<std::int64_t>(1, {{"n", i}});
    EXPECT_EQ(test.collect().size(), 50u);
  }
}

}  // namespace
}  // namespace posthaste::metrics

// Random threads, attribute sets, views and collection moments against a model: whatever is
// measured arrives once, in sums, counts and buckets.

#include "runtime/metrics/collector.h"

#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <atomic>
#include <initializer_list>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
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

  void add(const Sum& other) {
    int64 += other.int64;
    value += other.value;
    count += other.count;
  }
  bool operator==(const Sum&) const = default;
};
using Model = std::map<std::string, Sum>;  // by "name|attributes"

struct Case {
  const char* name;
  std::uint64_t memory = 8 << 20;
  std::uint32_t limit = 2000;
  bool exponential = false;
  bool views = false;
  bool two_outputs = false;
  /// Every set has its series, so that points can be held against the model one by one.
  bool whole() const { return memory == 8 << 20 && limit == 2000; }
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.name;
}

class MeasurementModel : public testing::TestWithParam<Case> {};

constexpr int threads_at_once = 4;
constexpr int thread_lives = 24;
constexpr int measurements = 3'000;
constexpr std::int64_t sets = 12;

std::vector<MetricView> random_views() {
  return {{.instrument = "orders"},
          {.instrument = "ord*", .name = "", .aggregation = MetricAggregation::drop},
          {.instrument = "orders", .name = "orders.even", .attribute_keys = {{"even"}}},
          {.instrument = "latency", .excluded_attribute_keys = {"set"}}};
}

MetricStoreSetup setup_of(const Case& given) {
  const MetricPreferences delta{.exponential_histograms = given.exponential};
  MetricPreferences cumulative = delta;
  cumulative.temporality = TemporalityPreference::cumulative;
  std::vector<MetricPreferences> outputs{delta};
  if (given.two_outputs) outputs.push_back(cumulative);
  return {.memory = given.memory,
          .exemplars = ExemplarFilter::always_on,
          .views = given.views ? random_views() : std::vector<MetricView>{},
          .defaults = {.cardinality_limit = given.limit},
          .readers = readers_of(outputs)};
}

/// What the points told: the growth summed up, and the whole as the last point has it.
struct Told {
  Model grown;
  Model whole;
  std::map<std::string, std::uint64_t> ends;  // of the last delta point
  std::map<std::string, std::uint64_t> starts;

  void take(const std::vector<Point>& points) {
    for (const Point& point : points) {
      const std::string key = point.name + "|" + point.attributes;
      const bool histogram = point.count > 0;
      const Sum sum{.int64 = histogram || !point.integer ? 0 : point.int64,
                    .value = point.integer ? 0 : point.value,
                    .count = point.count};
      if (histogram) check_histogram(point);
      EXPECT_LE(point.start, point.end);
      if (point.temporality == model::Temporality::delta) {
        grown[key].add(sum);
        EXPECT_GE(point.start, ends[key]) << key;
        ends[key] = point.end;
      } else {
        whole[key] = sum;
        EXPECT_EQ(starts.try_emplace(key, point.start).first->second, point.start) << key;
      }
    }
  }
  static void check_histogram(const Point& point) {
    EXPECT_LE(point.min, point.max);
    EXPECT_GE(point.value, point.min * static_cast<double>(point.count));
    EXPECT_LE(point.value, point.max * static_cast<double>(point.count));
    std::uint64_t in_buckets = point.zeros;
    for (const std::uint64_t count : point.counts) in_buckets += count;
    EXPECT_EQ(in_buckets, point.count);
  }
};

struct Instruments {
  Instrument& orders;
  Instrument& price;
  Instrument& stock;
  Instrument& latency;
};

/// Values are sixteenths, so that sums of doubles are exact.
void measure_at_random(const Instruments& to, std::uint64_t seed, bool views, Model& given) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < measurements; ++i) {
    const auto set = static_cast<std::int64_t>(random() % sets);
    const auto amount = static_cast<std::int64_t>(random() % 100);
    const double value = static_cast<double>(random() % 4096) / 16;
    const Attribute forwards[]{{"set", set}, {"kind", "test"}, {"even", set % 2 == 0}};
    const Attribute backwards[]{forwards[2], forwards[1], forwards[0]};
    const Attributes attributes{
        std::span<const Attribute>(random() % 2 == 0 ? forwards : backwards)};
    const std::string even = set % 2 == 0 ? "even=true" : "even=false";
    const std::string all = even + ",kind=test,set=" + std::to_string(set);
    switch (random() % 4) {
      case 0:
        to.orders.measure_all(amount, attributes);
        given["orders|" + all].int64 += amount;
        if (views) given["orders.even|" + even].int64 += amount;
        break;
      case 1:
        to.price.measure_all(value, attributes);
        given["price|" + all].value += value;
        break;
      case 2:
        to.stock.measure_all(50 - amount, attributes);
        given["stock|" + all].int64 += 50 - amount;
        break;
      default:
        to.latency.measure_all(value, attributes);
        given["latency|" + (views ? even + ",kind=test" : all)].add({.value = value, .count = 1});
    }
  }
}

/// By name alone.
Model totals(const Model& model) {
  Model sums;
  for (const auto& [key, sum] : model) sums[key.substr(0, key.find('|'))].add(sum);
  return sums;
}

/// Those whose name is among the given ones.
Model only(const Model& model, std::initializer_list<std::string_view> names) {
  Model kept;
  for (const auto& [key, sum] : model) {
    for (const std::string_view name : names) {
      if (std::string_view(key).substr(0, key.find('|')) == name) kept.emplace(key, sum);
    }
  }
  return kept;
}

void expect_same(const Model& told, const Model& given, bool by_set) {
  EXPECT_EQ(totals(told), totals(given));
  if (!by_set) return;
  for (const auto& [key, sum] : given) {
    const auto found = told.find(key);
    const Sum seen = found == told.end() ? Sum{} : found->second;
    EXPECT_EQ(seen, sum) << key << ": told " << seen.int64 << ' ' << seen.value << ' ' << seen.count
                         << ", given " << sum.int64 << ' ' << sum.value << ' ' << sum.count;
  }
}

/// Runs the threads of a case; `given` is complete when they have ended.
class Threads {
public:
  Threads(const Instruments& instruments, bool views, Model& given) {
    for (int i = 0; i < threads_at_once; ++i) {
      threads_.emplace_back([this, instruments, views, &given] {
        for (int life = lives_++; life < thread_lives; life = lives_++) {
          // Each life is a thread of its own, so that cells change hands while others collect.
          std::thread([&, life] {
            Model mine;
            measure_at_random(instruments, static_cast<std::uint64_t>(life), views, mine);
            const std::lock_guard lock(mutex_);
            for (const auto& [key, sum] : mine) given[key].add(sum);
          }).join();
        }
        --running_;
      });
    }
  }
  bool running() const { return running_ > 0; }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }

private:
  std::mutex mutex_;
  std::atomic<int> lives_{0};
  std::atomic<int> running_{threads_at_once};
  std::vector<std::thread> threads_;
};

TEST_P(MeasurementModel, ArrivesOnce) {
  TestMeter test(setup_of(GetParam()));
  const Instruments instruments{test.make("orders"),
                                test.make("price", InstrumentKind::counter, false),
                                test.make("stock", InstrumentKind::up_down_counter),
                                test.make("latency", InstrumentKind::histogram, false)};
  Model given;
  Told told;
  Threads threads(instruments, GetParam().views, given);
  std::mt19937_64 random(9);
  while (threads.running()) {
    PointList list;
    list.room = random() % 64;
    test.clock.advance(std::chrono::milliseconds(random() % 3));
    test.collector->gather(++test.collections, test.clock.wall());
    while (!test.collector->emit(list) && random() % 4 != 0) list.room += 8;
    if (random() % 4 == 0) test.collector = std::make_unique<Collector>(*test.meter);
    told.take(list.points);
  }
  threads.join();
  told.take(test.collect());
  told.take(test.collect());  // what was in the bank that an interrupted thread held up

  const bool by_set = GetParam().whole();
  const std::initializer_list<std::string_view> sums{"orders", "orders.even", "price"};
  expect_same(only(told.grown, sums), only(given, sums), by_set);
  expect_same(only(told.whole, {"stock"}), only(given, {"stock"}), by_set);
  if (GetParam().two_outputs) expect_same(only(told.whole, sums), only(given, sums), by_set);
  const std::uint64_t contended = test.store->context().refused_for(MeasurementRefusal::contended);
  EXPECT_EQ(totals(told.grown)["latency"].count + contended, totals(given)["latency"].count);
  if (contended == 0) {
    expect_same(only(told.grown, {"latency"}), only(given, {"latency"}), by_set);
    if (GetParam().two_outputs) {
      expect_same(only(told.whole, {"latency"}), only(given, {"latency"}), by_set);
    }
  }
  EXPECT_LE(test.store->context().memory.used(), test.store->context().memory.bound());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, MeasurementModel,
    testing::Values(Case{"cells_of_threads"}, Case{"shared_cells", 80 << 10},
                    Case{"overflow", 8 << 20, 5}, Case{"exponential", 8 << 20, 2000, true},
                    Case{"exponential_shared", 240 << 10, 4, true},
                    Case{"views", 8 << 20, 2000, false, true},
                    Case{"two_outputs", 8 << 20, 2000, false, false, true},
                    Case{"views_and_two_outputs", 8 << 20, 2000, true, true, true},
                    Case{"two_outputs_and_overflow", 8 << 20, 5, false, true, true},
                    Case{"two_outputs_and_little_memory", 120 << 10, 2000, false, false, true}),
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

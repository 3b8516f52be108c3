// What a collection pays: once all is warm, nothing is allocated, whatever was measured.

#include "runtime/metrics/collector.h"

#include "tests/support/allocations.h"
#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace posthaste::metrics {
namespace {

using testing_support::TestMeter;

/// Takes points as a lane does: copies them.
class Lane final : public PointSink {
public:
  bool put(std::span<const std::byte> record) noexcept override {
    std::memcpy(room_.data(), record.data(), std::min(record.size(), room_.size()));
    ++points;
    return true;
  }
  std::size_t points = 0;

private:
  std::array<std::byte, 64 * 1024> room_;
};

constexpr std::int64_t series = 1'000;

TEST(ACollection, AllocatesNothingOnceItIsWarm) {
#if !POSTHASTE_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer has the allocator";
#else
  TestMeter test(
      {.exemplars = ExemplarFilter::always_on,
       .views = {{.instrument = "sizes", .aggregation = MetricAggregation::exponential_histogram},
                 {.instrument = "filtered", .excluded_attribute_keys = {"user"}}},
       .readers = readers_of(std::vector<MetricPreferences>{
           {}, {.temporality = TemporalityPreference::cumulative}})});
  Instrument& orders = test.make("orders");
  Instrument& filtered = test.make("filtered");
  Instrument& latency = test.make("latency", InstrumentKind::histogram, false);
  Instrument& sizes = test.make("sizes", InstrumentKind::histogram, false);
  Instrument& level = test.make("level", InstrumentKind::gauge, false);
  Instrument& bytes = test.make("bytes", InstrumentKind::observable_counter);
  Lane lane;
  std::uint64_t measuring = 0, collecting = 0;
  for (std::uint64_t round = 1; round <= 20; ++round) {
    const std::uint64_t begin = testing_support::allocations_here();
    for (std::int64_t i = 0; i < series; ++i) {
      const double value = static_cast<double>(i * 7 % 1'000);
      orders.measure_all<std::int64_t>(1, {{"n", i}, {"route", "/pay"}});
      latency.measure_all(value, {{"n", i % 100}});
      sizes.measure_all(value, {{"n", i % 100}});
      level.measure_all(value, {{"n", i % 100}});
      filtered.measure_all<std::int64_t>(1, {{"n", i % 100}, {"user", "somebody"}});
      bytes.observe<std::int64_t>(i, {{"n", i % 100}}, round);
    }
    const std::uint64_t measured = testing_support::allocations_here();
    test.clock.advance(std::chrono::seconds(60));
    test.collector->gather(round, test.clock.wall());
    ASSERT_TRUE(test.collector->emit(lane));
    const std::uint64_t collected = testing_support::allocations_here();
    if (round <= 2) continue;
    measuring += measured - begin;
    collecting += collected - measured;
  }
  EXPECT_EQ(measuring, 0u);
  EXPECT_EQ(collecting, 0u);
  EXPECT_EQ(lane.points, 20u * (2 * 1'000 + 4 * 200 + 100));
#endif
}

}  // namespace
}  // namespace posthaste::metrics

#include "actors/standard_metrics.h"

#include "runtime/arena/log.h"
#include "tests/actors/workshop.h"
#include "tests/support/dice.h"
#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
using model::RecordType;
using posthaste::testing_support::Dice;
using testing_support::Workshop;
using testing_support::WorkshopOptions;

/// A workshop whose sampler measures; its one meter is that of the standard metrics, or has the
/// request counters.
struct Measuring {
  enum class Meter { standard, request_counters };

  explicit Measuring(WorkshopOptions options = {}, Meter measured = Meter::standard)
      : shop(std::move(options)) {
    shop.durable.metrics = std::make_shared<metrics::MetricStore>(
        metrics::MetricStoreSetup{}, shop.ingress(), shop.clock, *shop.durable.diagnostics);
    shop.durable.callbacks =
        std::make_unique<CallbackRunner>(shop.durable.metrics, [](std::uint32_t) {});
    if (measured == Meter::standard) {
      shop.durable.standard = std::make_unique<StandardMetrics>(*shop.durable.metrics, 0, 0);
    } else {
      metrics::MeterState& meter = shop.durable.metrics->own_meter("counters", 0, {1 << 20, 0});
      auto counters = std::make_unique<RequestCounters>(meter);
      shop.durable.request_counters = counters.get();
      meter.add_source(std::move(counters));
    }
    lanes = arena::LaneWriter(shop.durable.arena);
  }

  /// False: the arena is full.
  bool write(RecordType type, std::uint8_t kind, std::uint16_t flags, std::string_view code,
             std::uint32_t exceptions = 0) {
    model::RecordBuilder builder(type);
    builder.text(model::EntryKind::name, "GET /");
    if (!code.empty()) {
      builder.attribute("http.request.method", "GET").attribute("http.status_code", code);
    }
    if (type == RecordType::log && exceptions > 0) builder.attribute("exception.type", "E");
    builder.head().kind = kind;
    builder.head().flags = flags;
    builder.head().sample_rate = 10;
    builder.head().start = builder.head().end = read_ticks(tick_source());
    const auto bytes = builder.bytes();
    const auto length = static_cast<std::uint32_t>(bytes.size());
    const arena::Reservation room = lanes.reserve(0, length);
    if (room.bytes == nullptr) return false;
    std::memcpy(room.bytes + 8, bytes.data() + 8, length - 8);
    reinterpret_cast<model::RecordHead*>(room.bytes)->origin = room.place;
    lanes.commit(room, length);
    return true;
  }
  bool server(bool only_measured, std::string_view code = "200") {
    return write(RecordType::span, static_cast<std::uint8_t>(SpanKind::server),
                 only_measured ? model::record_flag::measured : 0, code);
  }

  /// What the log has: sums of points by metric and dimensions, and how many other records.
  struct Seen {
    std::map<std::string, std::uint64_t> sums;
    std::uint64_t others = 0;
    std::uint64_t only_measured = 0;
  };
  Seen seen() {
    Seen all;
    arena::LogCursor cursor(shop.durable.arena, 0);
    while (const model::RecordHead* record = cursor.next()) {
      if (record->type != RecordType::metric_point) {
        ++all.others;
        all.only_measured += model::is_only_measured(*record) ? 1 : 0;
        continue;
      }
      const auto point = posthaste::testing_support::point_of(
          {reinterpret_cast<const std::byte*>(record), record->length()});
      const std::uint64_t sum =
          point.count > 0 ? point.count : static_cast<std::uint64_t>(point.int64);
      all.sums[point.name + " " + point.attributes] += sum;
    }
    return all;
  }
  void finish() {
    shop.durable.last_fold = true;
    while (!shop.durable.last_fold_done) shop.step(Role::sampler);
    shop.durable.last_collection = true;
    while (!shop.durable.collections_finished()) {
      shop.step(Role::aggregator);
      shop.step(Role::sampler);
      shop.clock.advance(20ms);
    }
    for (int i = 0; i < 8; ++i) shop.step(Role::sampler);
  }

  Workshop shop;
  arena::LaneWriter lanes;
};

constexpr const char* ok = "requests/duration Request.Success=True,request/resultCode=200";

TEST(StandardMetrics, CountWhatIsSampledOutAndSendNothingOfIt) {
  Measuring m;
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(m.server(i % 3 != 0));
  m.finish();
  const auto seen = m.seen();
  EXPECT_EQ(seen.sums, (std::map<std::string, std::uint64_t>{{ok, 30}}));
  EXPECT_EQ(seen.others, 10u);
  EXPECT_EQ(m.shop.ledger().accepted, 11u) << "ten spans and a point";
}

TEST(StandardMetrics, CountWhatADropRuleLeavesOut) {
  Measuring m({.drop = {"GET /"}});
  ASSERT_TRUE(m.server(false));
  m.finish();
  EXPECT_EQ(m.seen().sums.at(ok), 1u);
  EXPECT_EQ(m.seen().others, 0u);
  EXPECT_EQ(m.shop.ledger().refused[RefusalReason::filtered], 1u);
}

TEST(StandardMetrics, OfLogsAreExceptionsOrTraces) {
  Measuring m;
  ASSERT_TRUE(m.write(RecordType::log, 9, 0, {}));
  ASSERT_TRUE(m.write(RecordType::log, 9, model::record_flag::measured, {}));
  ASSERT_TRUE(m.write(RecordType::log, 17, model::record_flag::measured, {}, 1));
  m.finish();
  const auto sums = m.seen().sums;
  EXPECT_EQ(sums.at("traces/count "), 2u);
  EXPECT_EQ(sums.at("exceptions/count "), 1u);
}

TEST(StandardMetrics, OfAFlushHaveWhatWasThereWhenItWasAskedFor) {
  Measuring m;
  m.shop.step(Role::aggregator);
  ASSERT_TRUE(m.server(true));
  m.shop.durable.flushes.add(m.shop.clock.steady() + 10s, [](bool) {});
  m.shop.step(Role::aggregator);
  EXPECT_TRUE(m.seen().sums.empty()) << "too early";
  for (int i = 0; i < 4 && m.shop.durable.flushes.intake_done() == 0; ++i) {
    m.shop.step(Role::sampler);
    m.shop.step(Role::aggregator);
  }
  EXPECT_EQ(m.shop.durable.flushes.intake_done(), 1u);
  EXPECT_EQ(m.seen().sums.at(ok), 1u);
}

TEST(StandardMetrics, AreBoundedByTheOverflowSeries) {
  Measuring m({.arena = Bytes{16 << 20}});
  for (int i = 0; i < 3'000; ++i) {
    ASSERT_TRUE(m.server(true, std::to_string(i)));
    m.shop.step(Role::sampler);
  }
  m.finish();
  const auto sums = m.seen().sums;
  std::uint64_t all = 0;
  for (const auto& [name, sum] : sums) all += sum;
  EXPECT_EQ(all, 3'000u);
  EXPECT_EQ(sums.size(), 2'000u);
  EXPECT_EQ(sums.at("requests/duration otel.metric.overflow=true"), 1'001u);
}

/// Twenty random runs in which sampler and aggregator die. `check` is called after each with what
/// was offered, by standard metric and dimensions, and what came of it.
template <class Check>
void let_parts_die(Measuring::Meter measured, Check check) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Dice dice(seed);
    Measuring m({.arena = Bytes{16 << 20}}, measured);
    std::map<std::string, std::uint64_t> offered;
    std::uint64_t kept = 0;
    for (int action = 0; action < 400; ++action) {
      switch (dice() % 8) {
        case 0: m.shop.kill(Role::sampler); break;
        case 1: m.shop.kill(Role::aggregator); break;
        case 2: m.shop.step(Role::aggregator); break;
        case 3: m.shop.step(Role::sampler); break;
        case 4: m.shop.clock.advance(std::chrono::seconds(dice() % 40)); break;
        case 5: m.shop.durable.flushes.add(m.shop.clock.steady(), [](bool) {}); break;
        default: {
          const std::uint32_t count = dice() % 100;
          for (std::uint32_t i = 0; i < count; ++i) {
            const bool only_measured = dice() % 10 != 0;
            const bool failed = dice() % 4 == 0;
            ASSERT_TRUE(m.server(only_measured, failed ? "500" : "200"));
            kept += only_measured ? 0 : 1;
            ++offered[failed ? "requests/duration Request.Success=False,request/resultCode=500"
                             : ok];
          }
        }
      }
    }
    m.finish();
    const auto seen = m.seen();
    SCOPED_TRACE("seed " + std::to_string(seed));
    check(offered, seen);
    EXPECT_EQ(seen.others, kept);
    EXPECT_EQ(seen.only_measured, 0u);
  }
}

TEST(StandardMetrics, LoseAndDoubleNothingWhoeverDies) {
  let_parts_die(Measuring::Meter::standard, [](const auto& offered, const Measuring::Seen& seen) {
    EXPECT_EQ(seen.sums, offered);
  });
}

TEST(RequestCounters, WithoutStandardMetricsLoseAndDoubleNothingWhoeverDies) {
  let_parts_die(Measuring::Meter::request_counters,
                [](const auto& offered, const Measuring::Seen& seen) {
                  std::uint64_t all = 0;
                  for (const auto& [dimensions, count] : offered) all += count;
                  EXPECT_EQ(seen.sums.at("Request_Execution_Time "), all);
                });
}

}  // namespace
}  // namespace posthaste::actors

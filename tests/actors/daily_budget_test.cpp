#include "actors/daily_budget.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <random>

namespace posthaste::actors {
namespace {

using namespace posthaste::literals;
using namespace std::chrono_literals;

TEST(DailyBudget, KeepsAllUntilItIsUsedUp) {
  for (const OverBudget then : {OverBudget::sample, OverBudget::refuse}) {
    EXPECT_EQ(part_kept({{0}, then}, UINT64_MAX), 1) << "none is set";
    EXPECT_EQ(part_kept({{1000}, then}, 0), 1);
    EXPECT_EQ(part_kept({{1000}, then}, 999), 1);
  }
  EXPECT_EQ(part_kept({{1000}, OverBudget::refuse}, 1000), 0);
}

TEST(DailyBudget, SamplesHalfAndHalfAgainWithEachTenthUpToTwice) {
  const DailyBudget budget{{1000}, OverBudget::sample};
  EXPECT_EQ(part_kept(budget, 1000), 0.5);
  EXPECT_EQ(part_kept(budget, 1099), 0.5);
  EXPECT_EQ(part_kept(budget, 1100), 0.25);
  EXPECT_EQ(part_kept(budget, 1999), 1.0 / 1024);
  EXPECT_EQ(part_kept(budget, 2000), 0);
  EXPECT_EQ(part_kept({{1}, OverBudget::sample}, 1), 0.5);
  EXPECT_EQ(part_kept({{1}, OverBudget::sample}, 2), 0);
}

TEST(DailyBudget, WhateverComesNeverMoreThanTwiceIsSpentAndABody) {
  std::mt19937_64 random(5);
  for (const double flood : {1.0, 3.0, 30.0, 3000.0}) {
    const DailyBudget budget{1_MiB, OverBudget::sample};
    std::uint64_t used = 0;
    for (double offered = 0; offered < flood * 1024 * 1024;) {
      const auto body = static_cast<double>(random() % 20'000);
      offered += body;
      used += static_cast<std::uint64_t>(body * part_kept(budget, used));
    }
    EXPECT_LT(used, 2 * budget.limit.count + 20'000);
    EXPECT_GT(used, budget.limit.count * 9 / 10);
  }
}

model::RecordHead span_of(std::uint64_t high, std::uint64_t low) {
  model::RecordHead head{};
  head.type = model::RecordType::span;
  head.trace_id = std::bit_cast<TraceId>(std::array{high, low});
  return head;
}

TEST(DailyBudget, APartIsOfWholeTracesAndHoldsEverySmallerOne) {
  std::mt19937_64 random(6);
  int kept[] = {0, 0, 0};
  constexpr double parts[] = {0.5, 0.25, 1.0 / 64};
  constexpr int traces = 50'000;
  for (int i = 0; i < traces; ++i) {
    model::RecordHead one = span_of(random(), random());
    model::RecordHead other = one;
    other.origin = random();
    bool larger = true;
    for (int p = 0; p < 3; ++p) {
      const bool in = in_part(one, parts[p]);
      EXPECT_EQ(in, in_part(other, parts[p]));
      EXPECT_LE(in, larger);
      larger = in;
      kept[p] += in ? 1 : 0;
    }
  }
  for (int p = 0; p < 3; ++p) {
    EXPECT_NEAR(kept[p], traces * parts[p], 5 * std::sqrt(traces * parts[p])) << parts[p];
  }
}

TEST(DailyBudget, LogsWithoutATraceAreKeptOneByOneAndMetricsAlways) {
  model::RecordHead log{};
  log.type = model::RecordType::log;
  int kept = 0;
  for (int i = 0; i < 10'000; ++i) {
    log.origin += 96;
    kept += in_part(log, 0.25) ? 1 : 0;
  }
  EXPECT_NEAR(kept, 2500, 250);
  log.type = model::RecordType::metric_point;
  EXPECT_TRUE(in_part(log, 0.001));
  EXPECT_FALSE(in_part(log, 0));
  EXPECT_TRUE(in_part(log, 1));
}

TEST(BudgetMeter, BeginsAnewWithEachDayOfUtc) {
  BudgetMeter meter;
  const WallTime noon = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 12h;
  EXPECT_EQ(meter.used_on(noon), 0u);
  meter.spend(700);
  EXPECT_TRUE(meter.to_be_told());
  EXPECT_FALSE(meter.to_be_told());
  EXPECT_EQ(meter.used_on(noon + 11h + 59min), 700u);
  EXPECT_FALSE(meter.to_be_told());
  EXPECT_EQ(meter.used_on(noon + 12h), 0u);
  EXPECT_TRUE(meter.to_be_told());
  meter.spend(1);
  EXPECT_EQ(meter.used_on(noon), 0u) << "a clock that was set back";
}

}  // namespace
}  // namespace posthaste::actors

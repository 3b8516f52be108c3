#include "actors/rate_limiter.h"

#include "runtime/base/steered_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
constexpr SteadyTime start{};

TEST(WholeCountRate, RoundsDownToAWholeNumberOfOriginals) {
  struct Case {
    double percent, rounded;
  };
  for (const auto& [percent, rounded] :
       {Case{100, 100}, Case{99.9, 50}, Case{75, 50}, Case{66.7, 50}, Case{50, 50},
        Case{40, 100.0 / 3}, Case{33.3333, 25}, Case{30, 25}, Case{15, 100.0 / 7},
        Case{7, 100.0 / 15}, Case{3, 100.0 / 34}, Case{0.5, 0.5}, Case{0.1, 0.1}, Case{0, 0}}) {
    EXPECT_DOUBLE_EQ(whole_count_rate(percent), rounded) << percent;
  }
}

TEST(RateLimiter, KnowsNothingBeforeTimeHasPassed) {
  RateLimiter limiter(5, start);
  for (int i = 0; i < 3; ++i) {
    limiter.began(1, start);
    EXPECT_EQ(limiter.percent(), 0);
  }
  limiter.began(1, start + 1s);
  EXPECT_EQ(limiter.percent(), 100);
}

/// The rate after each of `traces` that come `distance` apart.
std::vector<double> rates(double traces_per_second, std::chrono::nanoseconds distance, int traces) {
  RateLimiter limiter(traces_per_second, start);
  std::vector<double> all;
  for (int i = 1; i <= traces; ++i) {
    limiter.began(1, start + i * distance);
    all.push_back(limiter.percent());
  }
  return all;
}

TEST(RateLimiter, GivesTheRatesThatWereMeasuredElsewhere) {
  for (const double rate : rates(5, 10ms, 20'000)) ASSERT_NEAR(rate, 5, 0.3);
  for (const double rate : rates(0.5, 1s, 3)) EXPECT_EQ(rate, 50);
  EXPECT_NEAR(rates(5, 1ms, 20'000).back(), 0.5, 0.003);
  // Exactly a half, but for the last bit: a half, or what comes next below it.
  for (const double rate : rates(5, 100ms, 6)) EXPECT_TRUE(rate == 50 || rate == 100.0 / 3) << rate;
}

TEST(RateLimiter, ManyAtOnceAreAsManyOneByOne) {
  std::mt19937 random(7);
  RateLimiter one_by_one(5, start), at_once(5, start);
  SteadyTime now = start;
  for (int step = 0; step < 2000; ++step) {
    const std::uint64_t traces = random() % 50;
    const auto distance = std::chrono::nanoseconds(random() % 3'000'000 + 1);
    for (std::uint64_t i = 1; i <= traces; ++i) {
      one_by_one.began(1, now + static_cast<std::int64_t>(i) * distance);
    }
    now += static_cast<std::int64_t>(traces) * distance;
    at_once.began(traces, now);
    // Their sums differ in the last bits, which may turn N into N + 1.
    const double n = one_by_one.percent() == 0 ? 0 : 100 / one_by_one.percent();
    const double m = at_once.percent() == 0 ? 0 : 100 / at_once.percent();
    ASSERT_NEAR(n, m, 1.001) << step;
  }
}

TEST(RateLimiter, OpensAgainWhenNothingComes) {
  RateLimiter limiter(5, start);
  limiter.began(10'000, start + 100ms);
  const double busy = limiter.percent();
  EXPECT_LT(busy, 0.1);
  EXPECT_GE(limiter.percent(start + 100ms), busy);
  double before = busy;
  for (auto quiet = 200ms; quiet < 3s; quiet += 100ms) {
    const double rate = limiter.percent(start + quiet);
    EXPECT_GE(rate, before);
    before = rate;
  }
  EXPECT_EQ(before, 100);
  EXPECT_EQ(limiter.percent(), busy) << "looking changes nothing";
}

/// Producers and actor together, in made-up time: traces arrive at random, the actor looks every
/// 20 ms.
TEST(RateLimiter, KeepsAboutSoManyASecondAndTheirCountsAreRight) {
  for (const double wanted : {2.0, 5.0, 50.0}) {
    for (const int arriving : {1, 20, 300, 5000}) {
      SteeredRate steered;
      steered.begin(wanted);
      RateLimiter limiter(wanted, start - 1s);
      std::mt19937_64 random(static_cast<std::uint64_t>(arriving) + 1);
      std::uniform_real_distribution<double> dice(0, 100);
      constexpr int ticks = 50 * 60;  // a minute
      std::poisson_distribution<int> in_a_tick(arriving / 50.0);
      double kept = 0, originals = 0, all = 0;
      for (int tick = 1; tick <= ticks; ++tick) {
        for (int i = in_a_tick(random); i > 0; --i, ++all) {
          const double rate =
              steered.rate_of_next(static_cast<std::uint32_t>(random() % 4)).percent;
          if (rate >= 100 || dice(random) < rate) {
            ++kept;
            originals += 100 / rate;
          }
        }
        const SteadyTime now = start + tick * 20ms;
        limiter.began(steered.asked(), now);
        steered.steer(limiter.percent(now));
      }
      const double expected = std::min(wanted * 60, all);
      // The rate is rounded down and lags; what matters is the order, and that counts stay right.
      EXPECT_LT(kept, expected * 1.3 + 20) << wanted << ' ' << arriving;
      EXPECT_GT(kept, expected * 0.4 - 10) << wanted << ' ' << arriving;
      const double deviation = all / std::sqrt(kept);
      EXPECT_NEAR(originals, all, 5 * deviation) << wanted << ' ' << arriving;
    }
  }
}

TEST(SteeredRate, TellsTheActorWhenMoreComeThanItKnowsOf) {
  SteeredRate steered;
  steered.begin(2);
  EXPECT_EQ(steered.percent(), 100);
  for (const auto& [percent, crowded] :
       {std::pair{100.0, false}, {100.0, false}, {50.0, true}, {50.0, false}, {100.0 / 3, true}}) {
    const SteeredRate::Answer answer = steered.rate_of_next(0);
    EXPECT_DOUBLE_EQ(answer.percent, percent);
    EXPECT_EQ(answer.crowded, crowded);
  }
  EXPECT_EQ(steered.rate_of_next(1).percent, 100) << "another lane";
  EXPECT_EQ(steered.asked(), 6u);
  EXPECT_EQ(steered.asked(), 0u);
  steered.steer(25);
  EXPECT_EQ(steered.rate_of_next(0).percent, 25);
  steered.steer(0);
  EXPECT_EQ(steered.rate_of_next(0).percent, 0);
}

TEST(SteeredRate, BelowOneASecondBeginsBelowAHundred) {
  SteeredRate steered;
  steered.begin(0.3);
  EXPECT_EQ(steered.percent(), 25);
  steered.begin(0);
  EXPECT_EQ(steered.percent(), 0);
}

}  // namespace
}  // namespace posthaste::actors

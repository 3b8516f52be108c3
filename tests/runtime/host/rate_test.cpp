#include "runtime/host/rate.h"

#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>

namespace posthaste::host {
namespace {

using namespace std::chrono_literals;

TEST(Rate, IsTheGrowthPerSecondBetweenTwoReadings) {
  testing_support::ManualClock clock;
  Rate rate;
  EXPECT_FALSE(rate.since_last(100, clock.steady()));
  clock.advance(10s);
  EXPECT_EQ(rate.since_last(150, clock.steady()), 5);
  rate.sent();
  clock.advance(60s);
  EXPECT_EQ(rate.since_last(150, clock.steady()), 0);
}

TEST(Rate, HoldsWhatWasReadAndNeverSent) {
  testing_support::ManualClock clock;
  Rate rate;
  rate.since_last(0, clock.steady());
  clock.advance(10s);
  EXPECT_EQ(rate.since_last(50, clock.steady()), 5);
  clock.advance(10s);
  EXPECT_EQ(rate.since_last(60, clock.steady()), 3) << "60 in 20 seconds";
  rate.sent();
  clock.advance(100ms);
  EXPECT_FALSE(rate.since_last(70, clock.steady()));
  rate.sent();  // of nothing
  clock.advance(900ms);
  EXPECT_EQ(rate.since_last(70, clock.steady()), 10);
}

TEST(Rate, WaitsForASecondAndLosesNothingOfIt) {
  testing_support::ManualClock clock;
  Rate rate;
  rate.since_last(0, clock.steady());
  clock.advance(400ms);
  EXPECT_FALSE(rate.since_last(40, clock.steady()));
  clock.advance(600ms);
  EXPECT_EQ(rate.since_last(60, clock.steady()), 60);
}

TEST(Rate, BeginsAnewWhenTheTotalDoes) {
  testing_support::ManualClock clock;
  Rate rate;
  rate.since_last(1000, clock.steady());
  clock.advance(10s);
  EXPECT_FALSE(rate.since_last(5, clock.steady()));
  clock.advance(10s);
  EXPECT_EQ(rate.since_last(25, clock.steady()), 2);
}

TEST(Share, IsThePartsGrowthForEachOfTheWhole) {
  testing_support::ManualClock clock;
  Share share;
  EXPECT_FALSE(share.since_last(10, 100, clock.steady()));
  clock.advance(10s);
  EXPECT_EQ(share.since_last(60, 300, clock.steady()), 0.25);
  share.sent();
  clock.advance(10s);
  EXPECT_FALSE(share.since_last(60, 300, clock.steady()));  // a clock that stands still
  clock.advance(10s);
  EXPECT_EQ(share.since_last(200, 400, clock.steady()), 1);  // more than all is all
}

}  // namespace
}  // namespace posthaste::host

#include "actors/restart_limit.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

using std::chrono::seconds;
constexpr SteadyTime start{seconds{100}};
constexpr RestartRule rule{.most = 3, .within = seconds{10}};

TEST(RestartLimit, AllowsSoManyDeathsWithinAWhile) {
  RestartLimit limit(rule);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.allow(start + seconds{i}));
  EXPECT_FALSE(limit.allow(start + seconds{9}));
  EXPECT_EQ(limit.restarts(), 3u);
}

TEST(RestartLimit, ForgetsDeathsThatAreLongAgo) {
  RestartLimit limit(rule);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limit.allow(start + seconds{4 * i}));
}

TEST(RestartLimit, OnceReachedStaysReached) {
  RestartLimit limit(rule);
  for (int i = 0; i < 4; ++i) limit.allow(start);
  EXPECT_TRUE(limit.reached());
  EXPECT_FALSE(limit.allow(start + seconds{1'000}));
}

}  // namespace
}  // namespace posthaste::actors

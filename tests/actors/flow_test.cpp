#include "actors/flow.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

using std::chrono::seconds;
constexpr SteadyTime start{seconds{100}};

TEST(Flow, WidensItsWindowWhileBodiesWaitAndHalvesItOnAFailure) {
  Flow flow(8);
  EXPECT_EQ(flow.window(), 2u);
  for (int i = 0; i < 20; ++i) flow.succeeded(false, true);
  EXPECT_EQ(flow.window(), 8u);
  flow.failed(start, seconds{1}, false);
  EXPECT_EQ(flow.window(), 4u);
  flow.succeeded(false, false);
  EXPECT_EQ(flow.window(), 4u);
}

TEST(Flow, ThreeFailuresInARowAreAnOutage) {
  Flow flow(8);
  flow.failed(start, seconds{1}, false);
  flow.failed(start, seconds{1}, false);
  flow.succeeded(false, false);
  flow.failed(start, seconds{1}, false);
  flow.failed(start, seconds{1}, false);
  EXPECT_FALSE(flow.outage());
  flow.failed(start, seconds{2}, false);
  EXPECT_TRUE(flow.outage());
  EXPECT_EQ(flow.probe_at(), start + seconds{2});
  EXPECT_EQ(flow.live_room(0), 0u);
}

TEST(Flow, TheServicesOwnWordIsAnOutageAtOnce) {
  Flow flow(8);
  flow.failed(start, seconds{30}, true);
  EXPECT_TRUE(flow.outage());
  EXPECT_EQ(flow.probe_at(), start + seconds{30});
}

TEST(Flow, RequestsThatWereOnTheirWayDoNotLengthenAnOutage) {
  Flow flow(8);
  for (int i = 0; i < 3; ++i) flow.failed(start, seconds{1}, false);
  for (int i = 0; i < 8; ++i) flow.failed(start, seconds{64}, false);
  EXPECT_EQ(flow.probe_at(), start + seconds{1});
  EXPECT_EQ(flow.next_pause(), 2u);
  flow.failed(start + seconds{1}, seconds{4}, false);
  EXPECT_EQ(flow.probe_at(), start + seconds{5});
  EXPECT_EQ(flow.next_pause(), 3u);
}

TEST(Flow, AfterASuccessReplayBeginsWithOneAndGrowsBesideLiveRequests) {
  Flow flow(8);
  EXPECT_EQ(flow.replay_room(0), 0u);
  for (int i = 0; i < 3; ++i) flow.failed(start, seconds{1}, false);
  flow.succeeded(true, false);
  EXPECT_FALSE(flow.outage());
  EXPECT_EQ(flow.replay_room(0), 1u);
  for (int i = 0; i < 20; ++i) flow.succeeded(true, false);
  EXPECT_EQ(flow.replay_room(0), 8u);
  EXPECT_EQ(flow.replay_room(6), 2u);
  EXPECT_EQ(flow.replay_room(8), 1u);  // never starved
  flow.failed(start, seconds{1}, false);
  EXPECT_EQ(flow.replay_room(0), 0u);
}

}  // namespace
}  // namespace posthaste::actors

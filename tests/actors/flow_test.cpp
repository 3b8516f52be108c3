#include "actors/flow.h"

#include <gtest/gtest.h>

#include <vector>

namespace posthaste::actors {
namespace {

using std::chrono::seconds;
constexpr SteadyTime start{seconds{100}};

TEST(Flow, WidensItsWindowWhileBodiesWaitAndHalvesItOnAFailure) {
  Flow flow(8);
  EXPECT_EQ(flow.window(), 2u);
  for (int i = 0; i < 20; ++i) flow.succeeded(false, true, start);
  EXPECT_EQ(flow.window(), 8u);
  flow.failed(start, seconds{1}, false);
  EXPECT_EQ(flow.window(), 4u);
  flow.succeeded(false, false, start);
  EXPECT_EQ(flow.window(), 4u);
}

TEST(Flow, ThreeFailuresInARowAreAnOutage) {
  Flow flow(8);
  flow.failed(start, seconds{1}, false);
  flow.failed(start, seconds{1}, false);
  flow.succeeded(false, false, start);
  flow.failed(start, seconds{1}, false);
  flow.failed(start, seconds{1}, false);
  EXPECT_FALSE(flow.outage());
  flow.failed(start, seconds{2}, false);
  EXPECT_TRUE(flow.outage());
  EXPECT_EQ(flow.probe_at(), start + seconds{2});
  EXPECT_EQ(flow.live_room({}, start), 0u);
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

TEST(Flow, TheLongerAnOutageLastsTheLongerAPauseMayBe) {
  Flow flow(8);
  EXPECT_EQ(flow.longest_pause(start), seconds{1});
  for (int i = 0; i < 3; ++i) flow.failed(start, seconds{1}, false);
  EXPECT_EQ(flow.longest_pause(start + seconds{1}), seconds{1});
  EXPECT_EQ(flow.longest_pause(start + seconds{10}), seconds{5});
  flow.failed(start + seconds{10}, seconds{5}, false);
  EXPECT_EQ(flow.longest_pause(start + seconds{100}), seconds{50});
  flow.succeeded(true, false, start + seconds{101});
  EXPECT_EQ(flow.longest_pause(start + seconds{102}), seconds{1});
}

TEST(Flow, LetsOneRequestTryWhileAllHangAndTheirPlacesGoWhenItSucceeds) {
  Flow flow(4);
  for (int i = 0; i < 20; ++i) flow.succeeded(false, true, start);
  std::vector<SteadyTime> begun(4, start + seconds{1});
  EXPECT_EQ(flow.live_room(begun, start + seconds{5}), 0u);
  EXPECT_EQ(flow.live_room(begun, start + seconds{6}), 1u);
  begun.push_back(start + seconds{6});
  EXPECT_EQ(flow.live_room(begun, start + seconds{7}), 0u);
  begun.pop_back();
  flow.succeeded(false, false, start + seconds{6});
  EXPECT_EQ(flow.hanging(begun, start + seconds{7}), 4u);
  EXPECT_EQ(flow.live_room(begun, start + seconds{7}), 4u);
  begun.insert(begun.end(), 4, start + seconds{7});
  EXPECT_EQ(flow.live_room(begun, start + seconds{8}), 0u);
  EXPECT_EQ(flow.live_room(begun, start + seconds{60}), 0u);  // twice as many are the most
}

TEST(Flow, AfterASuccessReplayBeginsWithOneAndGrowsBesideLiveRequests) {
  Flow flow(8);
  EXPECT_EQ(flow.replay_room(0), 0u);
  for (int i = 0; i < 3; ++i) flow.failed(start, seconds{1}, false);
  flow.succeeded(true, false, start);
  EXPECT_FALSE(flow.outage());
  EXPECT_EQ(flow.replay_room(0), 1u);
  for (int i = 0; i < 20; ++i) flow.succeeded(true, false, start);
  EXPECT_EQ(flow.replay_room(0), 8u);
  EXPECT_EQ(flow.replay_room(6), 2u);
  EXPECT_EQ(flow.replay_room(8), 1u);  // never starved
  flow.failed(start, seconds{1}, false);
  EXPECT_EQ(flow.replay_room(0), 0u);
}

}  // namespace
}  // namespace posthaste::actors

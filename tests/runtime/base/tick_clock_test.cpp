#include "runtime/base/tick_clock.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t one_ns = std::uint64_t{1} << 32;

TEST(TickScale, TellsDurationsForwardAndBackward) {
  const TickScale scale{.tick = 1000, .wall_ns = 50, .ns_per_tick_q32 = one_ns / 2};
  EXPECT_EQ(scale.between(100, 300), nanoseconds(100));
  EXPECT_EQ(scale.between(300, 100), nanoseconds(-100));
  EXPECT_EQ(scale.to_wall(1200).time_since_epoch(), nanoseconds(150));
  EXPECT_EQ(scale.to_wall(800).time_since_epoch(), nanoseconds(-50));
}

TEST(TickScale, SaturatesWhereADamagedFileWouldOverflowIt) {
  for (const std::uint64_t scale_of : {one_ns, UINT64_MAX}) {
    const TickScale scale{.tick = 0, .wall_ns = 7, .ns_per_tick_q32 = scale_of};
    EXPECT_EQ(scale.between(0, UINT64_MAX), nanoseconds::max());
    EXPECT_EQ(scale.between(UINT64_MAX, 0), -nanoseconds::max());
    EXPECT_EQ(scale.between(0, std::uint64_t{1} << 63), nanoseconds::max());
    EXPECT_EQ(scale.between(std::uint64_t{1} << 63, 0), -nanoseconds::max());
    EXPECT_EQ(scale.to_wall(UINT64_MAX).time_since_epoch(), nanoseconds::max());
  }
  const TickScale early{.tick = UINT64_MAX, .wall_ns = -7, .ns_per_tick_q32 = one_ns};
  EXPECT_EQ(early.to_wall(0).time_since_epoch(), nanoseconds::min());
}

}  // namespace
}  // namespace posthaste

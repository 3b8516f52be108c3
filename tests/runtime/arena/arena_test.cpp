#include "runtime/arena/arena.h"

#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <set>

namespace posthaste::arena {
namespace {

using namespace posthaste::literals;
using testing_support::TestArena;

TEST(Arena, FitsItsGeometryIntoTheBudget) {
  const auto geometry = Arena::geometry_for(32_MiB, 4, 2);
  ASSERT_TRUE(geometry);
  EXPECT_LE(Arena::size_of(*geometry), (32_MiB).count);
  Geometry larger = *geometry;
  larger.segments += 2;
  EXPECT_GT(Arena::size_of(larger), (32_MiB).count);
}

TEST(Arena, RefusesABudgetThatIsTooSmallAndNamesTheLeast) {
  const auto geometry = Arena::geometry_for(1_MiB, 4, 2);
  ASSERT_FALSE(geometry);
  EXPECT_EQ(geometry.error().code(), ErrorCode::arena_unavailable);
  EXPECT_NE(geometry.error().message().find("at least"), std::string::npos);
}

TEST(Arena, HasNoSegmentsUntilTheyAreAdded) {
  TestArena memory;  // for the memory
  const Geometry geometry = memory->geometry();
  std::memset(memory.memory().data(), 0, memory.memory().size());
  const Arena arena = Arena::format(memory.memory(), geometry, {}, 1, 0);
  EXPECT_FALSE(arena.take_segment(SegmentUse::bodies, Claim::bodies));
  EXPECT_EQ(arena.unused_segments(), geometry.segments);
  EXPECT_EQ(arena.add_segments(3), 3u);
  EXPECT_EQ(arena.free_segments(), 3u);
  EXPECT_EQ(arena.take_segment(SegmentUse::bodies, Claim::bodies), SegmentIndex{0});
  EXPECT_EQ(arena.add_segments(100), geometry.segments - 3);
  EXPECT_EQ(arena.add_segments(1), 0u);
  EXPECT_EQ(arena.free_segments(), geometry.segments - 1);
  EXPECT_EQ(arena.unused_segments(), geometry.segments - 1);
}

TEST(Arena, LeavesEachClaimantItsFloor) {
  const TestArena arena({.segments = 48, .lanes = 1, .outputs = 1});
  const auto taken_by = [&arena](Claim claim) {
    std::uint32_t count = 0;
    while (arena->take_segment(SegmentUse::bodies, claim)) ++count;
    return count;
  };
  EXPECT_EQ(taken_by(Claim::ordinary), 42u);
  EXPECT_EQ(taken_by(Claim::failures), 1u);
  EXPECT_EQ(taken_by(Claim::log), 2u);
  EXPECT_EQ(taken_by(Claim::bodies), 3u);
}

TEST(Arena, GivesEachSegmentToOneTakerAndANewEpochEachTime) {
  const TestArena arena;
  std::set<SegmentIndex> taken;
  while (const auto segment = arena->take_segment(SegmentUse::log, Claim::bodies)) {
    EXPECT_TRUE(taken.insert(*segment).second);
    EXPECT_EQ(arena->descriptor(*segment).epoch.load(), 1u);
  }
  EXPECT_EQ(taken.size(), 16u);
  arena->give_back(5);
  EXPECT_EQ(arena->take_segment(SegmentUse::lane, Claim::bodies), SegmentIndex{5});
  EXPECT_EQ(arena->descriptor(5).epoch.load(), 2u);
}

TEST(Arena, OpensOnlyWhatIsOne) {
  const TestArena arena;
  EXPECT_TRUE(Arena::open(arena.memory()));
  EXPECT_FALSE(Arena::open(arena.memory().first(100)));
  EXPECT_FALSE(Arena::open(arena.memory().first(arena.memory().size() - 1)));
  arena->header().geometry.segments = most_segments + 1;
  EXPECT_FALSE(Arena::open(arena.memory()));
  arena->header().geometry.segments = 16;
  arena->header().version = 77;
  EXPECT_FALSE(Arena::open(arena.memory()));
  arena->header().version = format_version;
  arena->header().magic = 0;
  EXPECT_FALSE(Arena::open(arena.memory()));
}

}  // namespace
}  // namespace posthaste::arena

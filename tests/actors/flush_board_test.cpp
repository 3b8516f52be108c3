#include "actors/flush_board.h"
#include "actors/lane_mark.h"
#include "runtime/arena/lane.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

using posthaste::testing_support::drain;
using posthaste::testing_support::TestArena;
using posthaste::testing_support::write_record;
using std::chrono::seconds;
constexpr SteadyTime start{seconds{100}};

const FlushBoard::SettledUpTo all = [](std::uint64_t) { return true; };
const FlushBoard::SettledUpTo nothing = [](std::uint64_t) { return false; };

TEST(FlushBoard, AFlushIsCompleteWhenItsPositionIsSettled) {
  FlushBoard board;
  board.add(start + seconds{5}, [](bool) {});
  EXPECT_EQ(board.intake_asked(), 1u);
  EXPECT_TRUE(board.due(start, all).empty()) << "the lanes were not read yet";
  board.intake_reached(1, 4'096);
  EXPECT_EQ(board.close_up_to(), 4'096u);
  const auto settled = [](std::uint64_t position) { return position <= 4'096; };
  const auto ended = board.due(start, settled);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_TRUE(ended[0].complete);
  EXPECT_TRUE(board.empty());
}

TEST(FlushBoard, AFlushEndsAtItsDeadlineWhateverHangs) {
  FlushBoard board;
  board.add(start + seconds{1}, [](bool) {});
  board.add(start + seconds{9}, [](bool) {});
  const auto ended = board.due(start + seconds{1}, nothing);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_FALSE(ended[0].complete);
  EXPECT_FALSE(board.empty());
}

TEST(FlushBoard, ALaterFlushWaitsForAMarkOfItsOwn) {
  FlushBoard board;
  board.add(start + seconds{9}, [](bool) {});
  const std::uint64_t asked = board.intake_asked();
  board.add(start + seconds{9}, [](bool) {});
  board.intake_reached(asked, 100);
  EXPECT_EQ(board.due(start, all).size(), 1u);
  EXPECT_NE(board.intake_done(), board.intake_asked());
}

TEST(LaneMark, IsReachedWhenWhatWasThereIsDrainedWhateverFollows) {
  const TestArena arena;
  const arena::LaneWriter writer(*arena);
  arena::LaneReader reader(*arena);
  ASSERT_TRUE(write_record(writer, 0, 1));
  ASSERT_TRUE(write_record(writer, 1, 2));
  LaneMark mark(*arena);
  EXPECT_FALSE(mark.reached());
  drain(reader);
  ASSERT_TRUE(write_record(writer, 0, 3));
  EXPECT_TRUE(mark.reached());
}

TEST(LaneMark, OfEmptyLanesIsReachedAtOnce) {
  const TestArena arena;
  EXPECT_TRUE(LaneMark(*arena).reached());
}

TEST(LaneMark, SurvivesThatItsSegmentIsUsedAgain) {
  const TestArena arena;
  const arena::LaneWriter writer(*arena);
  arena::LaneReader reader(*arena);
  for (std::uint64_t i = 0; i < 40; ++i) ASSERT_TRUE(write_record(writer, 0, i, 4'000));
  LaneMark mark(*arena);
  drain(reader);
  for (int round = 0; round < 10; ++round) {
    for (std::uint64_t i = 0; i < 40; ++i) ASSERT_TRUE(write_record(writer, 0, i, 4'000));
    drain(reader);
  }
  EXPECT_TRUE(mark.reached());
}

}  // namespace
}  // namespace posthaste::actors

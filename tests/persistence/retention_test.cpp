#include "persistence/retention.h"

#include <gtest/gtest.h>

#include <limits>

namespace posthaste::persistence {
namespace {

using namespace std::chrono_literals;

constexpr BootId first_boot{std::byte{1}};
constexpr BootId second_boot{std::byte{2}};

CreationTime at(std::chrono::nanoseconds wall, BootId boot, std::chrono::nanoseconds since_boot) {
  return {WallTime{wall}, {boot, since_boot}};
}

TEST(Retention, MeasuresByTheBootClockWithinOneBoot) {
  EXPECT_EQ(age_of(at(1000h, first_boot, 1h), at(9000h, first_boot, 3h)), 2h);
  EXPECT_EQ(age_of(at(1000h, first_boot, 1h), at(0h, first_boot, 3h)), 2h);
}

TEST(Retention, MeasuresByTheWallClockAcrossBoots) {
  EXPECT_EQ(age_of(at(1000h, first_boot, 900h), at(1010h, second_boot, 1h)), 10h);
}

TEST(Retention, MeasuresByTheWallClockWhenTheBootIsNotKnown) {
  EXPECT_EQ(age_of(at(1000h, BootId{}, 900h), at(1010h, BootId{}, 1h)), 10h);
}

TEST(Retention, ForgivesASmallStepBackOfTheWallClock) {
  EXPECT_EQ(age_of(at(1000h, first_boot, 0h), at(1000h - 5min, second_boot, 0h)), 0h);
}

TEST(Retention, DoesNotKnowTheAgeWhenTheWallClockStandsBeforeTheCreation) {
  EXPECT_FALSE(age_of(at(1000h, first_boot, 0h), at(1000h - 6min, second_boot, 0h)));
}

TEST(Retention, NeverSaysANegativeAge) {
  EXPECT_EQ(age_of(at(0h, first_boot, 5h), at(0h, first_boot, 1h)), 0h);
}

TEST(Retention, SurvivesTimesWhoseDifferenceDoesNotFit) {
  constexpr std::chrono::nanoseconds lowest{std::numeric_limits<std::int64_t>::min()};
  constexpr std::chrono::nanoseconds highest{std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(age_of(at(lowest, first_boot, 0h), at(highest, second_boot, 0h)), highest);
  EXPECT_FALSE(age_of(at(highest, first_boot, 0h), at(lowest, second_boot, 0h)));
}

TEST(Retention, ExpiresWhatIsOlderThanTheLimitAndNotWhatIsAsOld) {
  const CreationTime created = at(0h, first_boot, 0h);
  EXPECT_FALSE(is_expired(created, 0, at(0h, first_boot, 47h), 47h));
  EXPECT_TRUE(is_expired(created, 0, at(0h, first_boot, 47h + 1ns), 47h));
}

TEST(Retention, GivesABatchOfUnknownAgeOneAttempt) {
  const CreationTime created = at(1000h, first_boot, 0h);
  const CreationTime now = at(0h, second_boot, 0h);
  EXPECT_FALSE(is_expired(created, 0, now, 47h));
  EXPECT_TRUE(is_expired(created, 1, now, 47h));
}

}  // namespace
}  // namespace posthaste::persistence

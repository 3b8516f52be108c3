#include "actors/tally.h"
#include "actors/slice.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

/// Records of 1, 3 and 1 lines: 0 | 1 2 3 | 4.
wire::ItemMap three_records(wire::OwnLine own_of_second = wire::OwnLine::here) {
  wire::ItemMap map;
  map.add(1);
  map.add(3, own_of_second);
  map.add(1);
  return map;
}

Judgement partial(std::vector<std::uint32_t> retry, std::vector<std::uint32_t> rejected) {
  Judgement judgement;
  judgement.verdict = Verdict::partial;
  judgement.retry = std::move(retry);
  for (const std::uint32_t index : rejected) judgement.rejected.push_back({index, 400});
  return judgement;
}

struct Expected {
  std::uint32_t delivered, rejected, remaining, side_rejected;
};

void expect(const Tally& sums, const Expected& expected) {
  EXPECT_EQ(sums.delivered.total(), expected.delivered);
  EXPECT_EQ(sums.rejected.total(), expected.rejected);
  EXPECT_EQ(sums.remaining.total(), expected.remaining);
  EXPECT_EQ(sums.side_rejected, expected.side_rejected);
}

TEST(Tally, ARecordIsDeliveredWhenNothingOfItIsOutstanding) {
  expect(tally(three_records(), partial({2}, {})), {2, 0, 1, 0});
  expect(tally(three_records(), partial({0, 1, 4}, {})), {0, 0, 3, 0});
  expect(tally(three_records(), partial({}, {})), {3, 0, 0, 0});
}

TEST(Tally, ARecordIsRejectedWithItsOwnLineOnly) {
  expect(tally(three_records(), partial({}, {1})), {2, 1, 0, 0});
  expect(tally(three_records(), partial({}, {2, 3})), {3, 0, 0, 2});
  expect(tally(three_records(), partial({3}, {1, 2})), {2, 1, 0, 1});
}

TEST(Tally, ARecordWhoseOwnLineWasAcceptedBeforeWaitsForTheRest) {
  const wire::ItemMap map = three_records(wire::OwnLine::accepted);
  expect(tally(map, partial({1}, {})), {2, 0, 1, 0});
  expect(tally(map, partial({}, {1})), {3, 0, 0, 1});
}

TEST(Tally, ARecordThatIsCountedElsewhereIsNotCountedHere) {
  const wire::ItemMap map = three_records(wire::OwnLine::elsewhere);
  expect(tally(map, partial({1}, {})), {2, 0, 0, 0});
  EXPECT_EQ(map.records(), 2u);
}

TEST(Slice, LinesThatWereNotSentAreToBeSent) {
  Judgement delivered;
  delivered.verdict = Verdict::delivered;
  const Judgement whole = widened(delivered, 2, 5);
  EXPECT_EQ(whole.verdict, Verdict::partial);
  EXPECT_EQ(whole.retry, (std::vector<std::uint32_t>{2, 3, 4}));
  EXPECT_TRUE(whole.rejected.empty());
}

TEST(Slice, ItemsThatNobodyNamedAreCountedAmongThoseThatWereSent) {
  Judgement delivered;
  delivered.verdict = Verdict::delivered;
  delivered.refused_unnamed = 2;
  delivered.accepted = 1;
  const Judgement whole = widened(delivered, 3, 5);
  ASSERT_EQ(whole.rejected.size(), 2u);
  EXPECT_EQ(whole.rejected[0].index, 1u);
  EXPECT_EQ(whole.retry, (std::vector<std::uint32_t>{3, 4}));
  wire::ItemMap map;
  for (int i = 0; i < 5; ++i) map.add(1);
  expect(tally(map, whole), {1, 2, 2, 0});
}

TEST(Slice, ARefusedSliceRefusesItsOwnLinesOnly) {
  Judgement refused;
  refused.verdict = Verdict::drop;
  refused.status = 400;
  const Judgement whole = widened(refused, 2, 4);
  ASSERT_EQ(whole.rejected.size(), 2u);
  EXPECT_EQ(whole.rejected[1].index, 1u);
  EXPECT_EQ(whole.rejected[1].status, 400);
  EXPECT_EQ(whole.retry, (std::vector<std::uint32_t>{2, 3}));
}

TEST(Slice, ASingleLineThatIsTooLargeIsDroppedAsSuch) {
  Judgement large;
  large.verdict = Verdict::split;
  const Judgement whole = widened(large, 1, 3);
  EXPECT_EQ(whole.reason, DropReason::too_large);
  EXPECT_EQ(whole.rejected.size(), 1u);
}

}  // namespace
}  // namespace posthaste::actors

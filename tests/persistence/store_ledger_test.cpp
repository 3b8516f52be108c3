#include "persistence/store_ledger.h"

#include <gtest/gtest.h>

namespace posthaste::persistence {
namespace {

StoreLedger with_rows(std::size_t count) {
  StoreLedger ledger{WallTime{std::chrono::nanoseconds{9}}, 4, {}, {}};
  for (std::size_t i = 0; i < count; ++i) ledger.rows.push_back({{i}, 1, 10, 100});
  return ledger;
}

TEST(StoreLedger, GivesBackWhatItWrote) {
  StoreLedger ledger = with_rows(3);
  ledger.erased = {StoreKey{7}, StoreKey{9}};
  const std::optional<StoreLedger> decoded = decode_ledger(encode(ledger));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->created, ledger.created);
  EXPECT_EQ(decoded->commits, 4u);
  EXPECT_EQ(decoded->rows, ledger.rows);
  EXPECT_EQ(decoded->erased, ledger.erased);
}

TEST(StoreLedger, SumsTheQueuesThatHaveNoRow) {
  const std::optional<StoreLedger> decoded = decode_ledger(encode(with_rows(150)));
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->rows.size(), StoreLedger::most_rows);
  EXPECT_EQ(decoded->rows.back(), (LedgerRow{{99}, 51, 510, 5100}));
}

TEST(StoreLedger, RefusesAnyBitChanged) {
  const std::vector<std::byte> sound = encode(with_rows(2));
  for (std::size_t bit = 0; bit < sound.size() * 8; bit += 5) {
    std::vector<std::byte> damaged = sound;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(decode_ledger(damaged)) << bit;
  }
}

TEST(StoreLedger, SaysWhatIsMissingQueueByQueue) {
  const std::vector<LedgerRow> expected{{{1}, 3, 30, 300}, {{2}, 1, 1, 1}, {{3}, 5, 5, 5}};
  const std::vector<LedgerRow> found{{{1}, 2, 25, 200}, {{3}, 5, 5, 5}, {{4}, 1, 1, 1}};
  const std::vector<Loss> losses = missing_from(expected, found, LossReason::corrupt);
  EXPECT_EQ(losses, (std::vector<Loss>{{LossReason::corrupt, {1}, 1, 5, 100},
                                       {LossReason::corrupt, {2}, 1, 1, 1}}));
}

}  // namespace
}  // namespace posthaste::persistence

#include "tools/emulator/id_set.h"

#include "tools/emulator/item_hash.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_set>

namespace posthaste::tools {
namespace {

TEST(IdSet, AgreesWithASetOfTheStandardLibrary) {
  IdSet ids(50'000);
  std::unordered_set<std::uint64_t> model;
  std::mt19937_64 random(3);
  for (int round = 0; round < 200'000; ++round) {
    // Both crowded and spread hashes; 0 is kept as 1.
    const std::uint64_t hash = round % 2 == 0 ? random() % 40'000 + 1 : random();
    const IdSet::Outcome outcome = ids.insert(hash);
    if (model.contains(hash)) {
      ASSERT_EQ(outcome, IdSet::Outcome::seen);
    } else if (model.size() < 50'000) {
      ASSERT_EQ(outcome, IdSet::Outcome::fresh);
      model.insert(hash);
    } else {
      ASSERT_EQ(outcome, IdSet::Outcome::untracked);
    }
    ASSERT_EQ(ids.size(), model.size());
  }
}

TEST(IdSet, ForgetsEverything) {
  IdSet ids(10);
  ids.insert(7);
  ids.clear();
  EXPECT_EQ(ids.size(), 0u);
  EXPECT_EQ(ids.insert(7), IdSet::Outcome::fresh);
}

TEST(ItemHash, TellsItemsApartByEachPartOfTheirIdentity) {
  const ItemFacts base{.raw = "r",
                       .type = ItemType::request,
                       .ikey = "k",
                       .time = "t",
                       .operation_id = "o",
                       .operation_name = "n",
                       .parent_id = "p",
                       .id = "i",
                       .name = "m"};
  const auto changed = [&base](auto change) {
    ItemFacts copy = base;
    change(copy);
    return hash_of(copy);
  };
  std::unordered_set<std::uint64_t> hashes{hash_of(base)};
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.type = ItemType::dependency; })).second);
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.ikey = "K"; })).second);
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.time = "T"; })).second);
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.operation_id = "O"; })).second);
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.id = "I"; })).second);
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.name = "M"; })).second);
  EXPECT_TRUE(hashes.insert(changed([](auto& f) { f.id = "im", f.name = ""; })).second);
  EXPECT_EQ(changed([](auto& f) { f.raw = "R"; }), hash_of(base));
  EXPECT_NE(changed([](auto& f) { f.id = ""; }), changed([](auto& f) { f.id = "", f.raw = "R"; }));
}

}  // namespace
}  // namespace posthaste::tools

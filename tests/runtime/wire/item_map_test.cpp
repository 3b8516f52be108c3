#include "runtime/wire/item_map.h"
#include "tests/runtime/wire/seeded_random.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace posthaste::wire {
namespace {

std::vector<std::byte> bytes_of(const ItemMap& map) {
  ByteBuffer out;
  map.append_to(out);
  return {out.bytes().begin(), out.bytes().end()};
}

Result<ItemMap> parse(std::initializer_list<int> bytes) {
  std::vector<std::byte> all;
  for (const int byte : bytes) all.push_back(static_cast<std::byte>(byte));
  return ItemMap::parse(all);
}

TEST(ItemMap, KeepsEqualRecordsAsOneRun) {
  ItemMap map;
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(map.add(1));
  ASSERT_TRUE(map.add(3));
  EXPECT_EQ(map.items(), 1'003u);
  EXPECT_EQ(map.records(), 1'001u);
  EXPECT_EQ(map.runs().size(), 2u);
  EXPECT_EQ(bytes_of(map).size(), 5u);
}

TEST(ItemMap, ComesBackFromItsBytes) {
  SeededRandom random(2);
  for (int round = 0; round < 500; ++round) {
    ItemMap map;
    for (unsigned i = random() % 40; i > 0; --i) {
      map.add(1 + random() % 300, static_cast<OwnLine>(random() % 3),
              static_cast<model::Signal>(random() % model::signal_count));
    }
    const auto parsed = ItemMap::parse(bytes_of(map));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, map);
  }
}

TEST(ItemMap, CountsOnlyRecordsThatLiveHere) {
  ItemMap map;
  map.add(2);
  map.add(1, OwnLine::accepted);
  map.add(4, OwnLine::elsewhere);
  EXPECT_EQ(map.records(), 2u);
  EXPECT_EQ(ItemMap::parse(bytes_of(map))->records(), 2u);
}

TEST(ItemMap, WalksRecordsWithTheirFirstLine) {
  ItemMap map;
  map.add(2);
  map.add(2);
  map.add(1);
  std::vector<std::uint32_t> firsts;
  map.for_each_record(
      [&](std::uint32_t first, std::uint32_t, OwnLine, model::Signal) { firsts.push_back(first); });
  EXPECT_EQ(firsts, (std::vector<std::uint32_t>{0, 2, 4}));
}

TEST(ItemMap, TellsTheSignalsApart) {
  ItemMap map;
  map.add(1, OwnLine::here, model::Signal::span);
  map.add(1, OwnLine::here, model::Signal::log);
  map.add(1, OwnLine::accepted, model::Signal::log);
  map.add(2, OwnLine::elsewhere, model::Signal::metric_point);
  const auto parsed = ItemMap::parse(bytes_of(map));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->signals()[model::Signal::span], 1u);
  EXPECT_EQ(parsed->signals()[model::Signal::log], 2u);
  EXPECT_EQ(parsed->signals().total(), parsed->records());
  EXPECT_EQ(parse({1 << 2, 3})->signals()[model::Signal::unknown], 3u) << "of an earlier version";
}

TEST(ItemMap, TakesNoMoreLinesThanTheService) {
  ItemMap map;
  EXPECT_FALSE(map.add(0));
  EXPECT_TRUE(map.add(ItemMap::item_limit));
  EXPECT_FALSE(map.add(1));
  EXPECT_EQ(map.items(), ItemMap::item_limit);
}

TEST(ItemMap, RefusesBytesThatCannotBe) {
  EXPECT_TRUE(parse({}));
  EXPECT_TRUE(parse({1 << 2, 1}));
  EXPECT_FALSE(parse({1 << 2})) << "half a run";
  EXPECT_FALSE(parse({0, 1})) << "a record without lines";
  EXPECT_FALSE(parse({1 << 2, 0})) << "no records";
  EXPECT_FALSE(parse({5 << 2 | 3, 1 << 2, 1})) << "an unknown signal";
  EXPECT_FALSE(parse({1 << 2, 0x80})) << "an unfinished number";
  EXPECT_FALSE(parse({1 << 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F})) << "above 32 bits";
  EXPECT_FALSE(parse({1 << 2, 0x81, 0xF4, 0x03})) << "64001 lines";
  EXPECT_TRUE(parse({1 << 2, 0x80, 0xF4, 0x03})) << "64000 lines";
}

}  // namespace
}  // namespace posthaste::wire

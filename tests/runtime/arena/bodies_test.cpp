#include "runtime/arena/bodies.h"

#include "runtime/base/crc32c.h"
#include "tests/support/dice.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>

#include <thread>

namespace posthaste::arena {
namespace {

using testing_support::TestArena;
using Bytes = std::vector<std::byte>;

Bytes made_of(std::uint32_t size, std::uint32_t seed) {
  Bytes bytes(size);
  for (std::uint32_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 7 + seed) >> 2);
  return bytes;
}

Bytes joined(const std::vector<std::span<const std::byte>>& spans) {
  Bytes all;
  for (const auto& span : spans) all.insert(all.end(), span.begin(), span.end());
  return all;
}

std::optional<BodyIndex> publish(BodyWriter& writer, const Bytes& bytes, BodyFacts facts) {
  auto draft = writer.allocate(static_cast<std::uint32_t>(bytes.size()));
  if (!draft) return std::nullopt;
  EXPECT_TRUE(draft->write(std::span(bytes).first(bytes.size() / 3)));
  EXPECT_TRUE(draft->write(std::span(bytes).subspan(bytes.size() / 3)));
  return writer.publish(std::move(*draft), facts);
}

TEST(Bodies, KeepBodyAndMapAsTheyWereWritten) {
  const TestArena arena({.segments = 64, .lanes = 1, .outputs = 2});
  BodyWriter writer(*arena, 1, BodyAuthor::batcher);
  BodyTable table(*arena, 1);
  for (const std::uint32_t size :
       {1u, 7u, 100u, segment_size, segment_size + 1, 300'000u, BodyWriter::size_limit}) {
    const Bytes bytes = made_of(size, size);
    const std::uint32_t map = size / 4;
    const auto index = publish(writer, bytes, {.records = 5, .items = 9, .map_size = map});
    ASSERT_TRUE(index) << size;
    const BodyBytes read = table.bytes(*index);
    const Bytes body = joined(read.body);
    const Bytes item_map = joined(read.map);
    EXPECT_EQ(body.size(), size - map);
    EXPECT_TRUE(std::equal(body.begin(), body.end(), bytes.begin()));
    EXPECT_TRUE(std::equal(item_map.rbegin(), item_map.rend(), bytes.rbegin()));
    EXPECT_EQ(table.entry(*index).crc, crc32c(bytes));
    EXPECT_EQ(table.entry(*index).items, 9u);
    EXPECT_TRUE(table.settle(*index));
    EXPECT_FALSE(table.settle(*index));
  }
  writer.let_go();
  EXPECT_EQ(arena->free_segments(), 64u);
}

TEST(Bodies, RefuseSizesThatCannotBe) {
  const TestArena arena({.segments = 64, .lanes = 1, .outputs = 1});
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  EXPECT_FALSE(writer.allocate(0));
  EXPECT_FALSE(writer.allocate(BodyWriter::size_limit + 1));
}

TEST(Bodies, ADraftTakesNoMoreThanItsSize) {
  const TestArena arena;
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  auto draft = writer.allocate(10);
  ASSERT_TRUE(draft);
  EXPECT_TRUE(draft->write(made_of(9, 1)));
  EXPECT_FALSE(draft->write(made_of(2, 1)));
  EXPECT_TRUE(draft->write(made_of(1, 1)));
}

TEST(Bodies, ADroppedDraftLeavesNothing) {
  const TestArena arena;
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  { const auto draft = writer.allocate(200'000); }
  writer.let_go();
  EXPECT_EQ(arena->free_segments(), 16u);
  EXPECT_TRUE(BodyTable(*arena, 0).unsettled().empty());
}

TEST(Bodies, GiveEverythingBackWhenTheArenaHasTooLittle) {
  const TestArena arena;
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  EXPECT_FALSE(writer.allocate(17 * segment_size));
  writer.let_go();
  EXPECT_EQ(arena->free_segments(), 16u);
  const auto all = writer.allocate(16 * segment_size);
  EXPECT_TRUE(all);
}

TEST(Bodies, HaveAsManyEntriesAsTheTable) {
  const TestArena arena;
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  BodyTable table(*arena, 0);
  for (std::uint32_t i = 0; i < bodies_per_output; ++i) {
    ASSERT_TRUE(publish(writer, made_of(10, i), {.extent_end = i * 8}));
  }
  EXPECT_FALSE(writer.allocate(10));
  table.settle(77);
  EXPECT_TRUE(writer.allocate(10));
}

TEST(Bodies, MoveTheCursorWithTheBatchersBodyOnly) {
  const TestArena arena;
  const OutputHead& head = arena->output(0);
  BodyWriter batcher(*arena, 0, BodyAuthor::batcher);
  const auto old =
      publish(batcher, made_of(100, 1),
              {.records = 10, .extent_begin = 8, .extent_end = 800, .extent_records = 12});
  ASSERT_TRUE(old);
  EXPECT_EQ(head.encoded_up_to.load(), 800u);
  EXPECT_EQ(head.encoded_records.load(), 12u);
  batcher.skip(1000, 2);
  EXPECT_EQ(head.encoded_records.load(), 14u);

  BodyWriter transmitter(*arena, 0, BodyAuthor::transmitter);
  BodyTable table(*arena, 0);
  auto draft = transmitter.allocate(40);
  draft->write(made_of(40, 2));
  const BodyIndex rest = transmitter.replace(*old, std::move(*draft), {.records = 4, .items = 4});
  EXPECT_EQ(table.unsettled(), std::vector<BodyIndex>{rest});
  EXPECT_EQ(table.entry(rest).extent_begin, 8u);
  EXPECT_EQ(table.entry(rest).extent_end, 800u);
  EXPECT_EQ(head.encoded_up_to.load(), 1000u);
  EXPECT_EQ(head.body_records.load(), 4u);
}

TEST(Bodies, OfATransmitterLeaveTheCursorAlone) {
  const TestArena arena;
  BodyWriter(*arena, 0, BodyAuthor::batcher).skip(800, 3);
  BodyWriter transmitter(*arena, 0, BodyAuthor::transmitter);
  ASSERT_TRUE(publish(transmitter, made_of(100, 1), {.records = 10}));
  EXPECT_EQ(arena->output(0).encoded_up_to.load(), 800u);
  EXPECT_EQ(arena->output(0).encoded_records.load(), 3u);
  EXPECT_EQ(arena->output(0).body_records.load(), 10u);
}

TEST(Bodies, TheRemainderWinsWhereBothAreFound) {
  const TestArena arena;
  BodyWriter batcher(*arena, 0, BodyAuthor::batcher);
  BodyTable table(*arena, 0);
  const auto old = publish(batcher, made_of(100, 1), {.records = 10});
  auto draft = batcher.allocate(40);
  draft->write(made_of(40, 2));
  const BodyIndex rest = batcher.replace(*old, std::move(*draft), {.records = 4});
  table.set_state(*old, BodyState::in_flight);  // as if the process had died in between
  EXPECT_EQ(table.unsettled(), std::vector<BodyIndex>{rest});
  EXPECT_EQ(table.state(*old), BodyState::free);
}

TEST(Bodies, AreListedOldestFirst) {
  const TestArena arena;
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  BodyTable table(*arena, 0);
  std::deque<BodyIndex> expected;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto index = publish(writer, made_of(50, i), {.extent_end = i * 8});
    ASSERT_TRUE(index);
    expected.push_back(*index);
    if (expected.size() > 20) {
      table.settle(expected[7]);
      expected.erase(expected.begin() + 7);
    }
  }
  const std::vector<BodyIndex> listed = table.unsettled();
  EXPECT_TRUE(std::equal(listed.begin(), listed.end(), expected.begin(), expected.end()));
}

TEST(Bodies, ANewWriterGoesOnFillingTheSameSegment) {
  const TestArena arena;
  BodyTable table(*arena, 0);
  for (std::uint32_t i = 0; i < 100; ++i) {
    BodyWriter writer(*arena, 0, BodyAuthor::batcher);
    ASSERT_TRUE(publish(writer, made_of(500, i), {.extent_end = i * 8}));
  }
  EXPECT_EQ(arena->free_segments(), 15u);
  for (const BodyIndex index : table.unsettled()) table.settle(index);
  BodyWriter(*arena, 0, BodyAuthor::batcher).let_go();
  EXPECT_EQ(arena->free_segments(), 16u);
}

/// Random bodies made and settled in random order, against a list of what must be there.
TEST(Bodies, AgreeWithAModelUnderRandomActions) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const TestArena arena({.segments = 24, .lanes = 1, .outputs = 1});
    BodyTable table(*arena, 0);
    std::optional<BodyWriter> writer(std::in_place, *arena, 0u, BodyAuthor::batcher);
    std::map<BodyIndex, Bytes> model;
    testing_support::Dice random(seed);
    for (int action = 0; action < 600; ++action) {
      const std::uint32_t dice = random() % 100;
      if (dice < 50) {
        const std::uint32_t limit = random() % 16 == 0 ? 150'000 : 5'000;
        const Bytes bytes = made_of(1 + random() % limit, random());
        const auto index = publish(*writer, bytes, {.records = 1});
        if (index) {
          ASSERT_TRUE(model.emplace(*index, bytes).second);
        }
      } else if (dice < 97 && !model.empty()) {
        const auto victim = std::next(model.begin(), random() % model.size());
        ASSERT_EQ(joined(table.bytes(victim->first).body), victim->second);
        ASSERT_TRUE(table.settle(victim->first));
        model.erase(victim);
      } else {
        writer.emplace(*arena, 0u, BodyAuthor::batcher);
      }
      ASSERT_EQ(table.unsettled().size(), model.size());
      ASSERT_EQ(arena->output(0).body_records.load(), model.size());
    }
    for (const auto& [index, bytes] : model) {
      ASSERT_EQ(joined(table.bytes(index).body), bytes);
      table.settle(index);
    }
    writer->let_go();
    EXPECT_EQ(arena->free_segments(), 24u);
  }
}

/// A batcher fills while a transmitter, on another thread, checks, replaces and settles.
TEST(BodiesThreads, AreSettledWhileOthersAreMade) {
  constexpr std::uint32_t count = 4000;
  const TestArena arena({.segments = 24, .lanes = 1, .outputs = 1});
  std::atomic<bool> done{false};
  std::uint32_t damaged = 0;
  std::thread transmitter([&] {
    BodyTable table(*arena, 0);
    BodyWriter remainders(*arena, 0, BodyAuthor::transmitter);
    for (;;) {
      const bool last = done.load();
      const std::vector<BodyIndex> all = table.unsettled();
      for (std::size_t i = 0; i < all.size(); i += 1 + all.size() % 2) {
        const BodyIndex index = all[all.size() - 1 - i];
        table.set_state(index, BodyState::in_flight);
        Bytes bytes = joined(table.bytes(index).body);
        const BodyEntry& entry = table.entry(index);
        if (crc32c(bytes) != entry.crc) ++damaged;
        auto draft = entry.replaces == 0 && entry.batch % 5 == 0
                         ? remainders.allocate(entry.body_size / 2 + 1)
                         : std::nullopt;
        if (draft) {
          bytes.resize(draft->size());
          draft->write(bytes);
          remainders.replace(index, std::move(*draft), {.records = 1});
        } else {
          table.settle(index);
        }
      }
      if (last && table.unsettled().empty()) break;
      std::this_thread::yield();
    }
    remainders.let_go();
  });
  BodyWriter writer(*arena, 0, BodyAuthor::batcher);
  testing_support::Dice random(1);
  for (std::uint32_t i = 1; i <= count;) {
    const Bytes bytes = made_of(1 + random() % (i % 16 == 0 ? 150'000 : 4'000), i);
    if (publish(writer, bytes, {.records = 1, .extent_end = i * 8, .extent_records = 1})) {
      ++i;
    } else {
      std::this_thread::yield();
    }
  }
  done.store(true);
  transmitter.join();
  writer.let_go();
  EXPECT_EQ(damaged, 0u);
  EXPECT_EQ(arena->free_segments(), 24u);
  EXPECT_EQ(arena->output(0).body_records.load(), 0u);
  EXPECT_EQ(arena->output(0).encoded_up_to.load(), count * 8u);
}

}  // namespace
}  // namespace posthaste::arena

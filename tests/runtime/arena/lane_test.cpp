#include "runtime/arena/lane.h"

#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <numeric>

namespace posthaste::arena {
namespace {

using namespace testing_support;

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

TEST(Lane, GivesRecordsInOrderAcrossSegments) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  for (const std::uint64_t n : numbers(0, 300)) ASSERT_TRUE(write_record(writer, 0, n, 1000));
  EXPECT_EQ(drain(reader), numbers(0, 300));
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(drain(reader).size(), 0u);
}

TEST(Lane, RepeatsABatchUntilItIsDrained) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  for (const std::uint64_t n : numbers(0, 5)) ASSERT_TRUE(write_record(writer, 1, n));
  LaneReader::Batch batch;
  ASSERT_TRUE(reader.next_batch(batch, 3));
  ASSERT_TRUE(reader.next_batch(batch, 3));
  EXPECT_EQ(batch.records.size(), 3u);
  EXPECT_EQ(batch.records.front()->start, 0u);
  reader.drained(batch);
  EXPECT_FALSE(reader.empty());
  EXPECT_EQ(drain(reader), numbers(3, 2));
}

TEST(Lane, DrainsTheFirstRecordsOfABatchAlone) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  for (const std::uint64_t n : numbers(0, 5)) ASSERT_TRUE(write_record(writer, 1, n));
  LaneReader::Batch batch;
  ASSERT_TRUE(reader.next_batch(batch, 4));
  reader.drained(batch, 3);
  EXPECT_EQ(drain(reader), numbers(3, 2));
}

TEST(Lane, MendsAnOriginThatWasOverwritten) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  for (const std::uint64_t n : numbers(0, 3)) ASSERT_TRUE(write_record(writer, 1, n));
  LaneReader::Batch batch;
  ASSERT_TRUE(reader.next_batch(batch, 3));
  const std::uint64_t origin = batch.records[1]->origin;
  const auto offset =
      reinterpret_cast<const std::byte*>(batch.records[1]) - arena->bytes(batch.segment);
  reinterpret_cast<model::RecordHead*>(arena->bytes(batch.segment) + offset)->origin = 0xdead;
  ASSERT_TRUE(reader.next_batch(batch, 3));
  ASSERT_EQ(batch.records.size(), 3u);
  EXPECT_EQ(batch.records[1]->origin, origin);
}

TEST(Lane, TakesRecordsThatFillASegmentToItsLastByte) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  const std::uint32_t payload = segment_size / 4 - sizeof(model::RecordHead);
  for (const std::uint64_t n : numbers(0, 8)) ASSERT_TRUE(write_record(writer, 0, n, payload));
  ASSERT_TRUE(write_record(writer, 0, 8, segment_size - sizeof(model::RecordHead)));
  EXPECT_EQ(drain(reader), numbers(0, 9));
  EXPECT_LE(arena->geometry().segments - arena->free_segments(), 1u);
}

TEST(Lane, WaitsForARecordThatIsBeingWritten) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  ASSERT_TRUE(write_record(writer, 0, 0));
  const std::uint32_t length = record_size(64);
  const Reservation slow = writer.reserve(0, length);
  ASSERT_TRUE(write_record(writer, 0, 2));
  EXPECT_EQ(drain(reader), numbers(0, 1));
  EXPECT_FALSE(reader.empty());
  fill_record(slow, 1, length);
  writer.commit(slow, length);
  EXPECT_EQ(drain(reader), numbers(1, 2));
}

TEST(Lane, SkipsWhatADeadWriterLeft) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  ASSERT_TRUE(write_record(writer, 0, 0));
  ASSERT_NE(writer.reserve(0, record_size(640)).bytes, nullptr);
  ASSERT_TRUE(write_record(writer, 0, 1));
  LaneReader reader(*arena, LaneReader::Holes::skip);
  EXPECT_EQ(drain(reader), numbers(0, 2));
}

TEST(Lane, TakesStaleBytesOfAnEarlierLifeForNoRecord) {
  const TestArena arena({.segments = 16, .lanes = 1, .outputs = 1});
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  for (int life = 0; life < 40; ++life) {  // the same few segments, again and again
    for (const std::uint64_t n : numbers(0, 60)) ASSERT_TRUE(write_record(writer, 0, n, 1000));
    ASSERT_EQ(drain(reader).size(), 60u);
  }
  ASSERT_NE(writer.reserve(0, record_size(1000)).bytes, nullptr);
  LaneReader::Batch batch;
  EXPECT_FALSE(reader.next_batch(batch, 10));
}

TEST(Lane, RefusesWhenTheArenaIsFullAndTakesAgainOnceDrained) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  std::uint64_t written = 0;
  while (write_record(writer, 0, written, 10'000)) ++written;
  EXPECT_EQ(arena->free_segments(), arena->floor(Claim::ordinary));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(write_record(writer, 1, 0));
  EXPECT_EQ(drain(reader), numbers(0, written));
  EXPECT_TRUE(write_record(writer, 1, 7));
  EXPECT_TRUE(write_record(writer, 0, 8));
  EXPECT_EQ(drain(reader).size(), 2u);
}

TEST(Lane, KeepsAReserveForFailures) {
  const TestArena arena({.segments = 64, .lanes = 1, .outputs = 1});
  const LaneWriter writer(*arena);
  while (write_record(writer, 0, 0, 60'000)) {
  }
  EXPECT_TRUE(write_record(writer, arena->geometry().lanes, 1));
}

TEST(Lane, GivesAFullSegmentBackThoughItsLaneHasNoOther) {
  const TestArena arena({.segments = 16, .lanes = 1, .outputs = 1});
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  ASSERT_TRUE(write_record(writer, 0, 0, 60'000));
  std::vector<SegmentIndex> others;
  while (const auto other = arena->take_segment(SegmentUse::log, Claim::bodies)) {
    others.push_back(*other);
  }
  EXPECT_FALSE(write_record(writer, 0, 1, 60'000));  // seals, and finds no other
  EXPECT_EQ(drain(reader), numbers(0, 1));
  EXPECT_EQ(drain(reader).size(), 0u);  // and does not give it back once more
  EXPECT_EQ(arena->free_segments(), 1u);
  ASSERT_TRUE(arena->take_segment(SegmentUse::log, Claim::bodies));
  EXPECT_EQ(arena->free_segments(), 0u);
  EXPECT_FALSE(write_record(writer, 0, 1, 60'000));
  EXPECT_FALSE(arena->take_segment(SegmentUse::log, Claim::bodies));
  for (const SegmentIndex other : others) arena->give_back(other);
  EXPECT_TRUE(write_record(writer, 0, 2, 60'000));
  EXPECT_EQ(drain(reader), numbers(2, 1));
}

TEST(Lane, TakesNothingOnceClosedButFinishesWhatWasReserved) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  const std::uint32_t length = record_size(0);
  ASSERT_TRUE(write_record(writer, 0, 0));
  const Reservation slow = writer.reserve(0, length);
  ASSERT_TRUE(write_record(writer, 1, 2));
  writer.close_all();
  writer.close_all();
  EXPECT_FALSE(write_record(writer, 0, 3));
  EXPECT_FALSE(write_record(writer, 2, 3));
  EXPECT_EQ(drain(reader).size(), 2u);
  EXPECT_FALSE(reader.empty());
  fill_record(slow, 1, length);
  writer.commit(slow, length);
  EXPECT_EQ(drain(reader), numbers(1, 1));
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(arena->free_segments(), arena->geometry().segments);
}

TEST(Lane, ANewReaderGoesOnWhereTheLastOneStopped) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  std::vector<std::uint64_t> read;
  for (std::uint64_t n = 0; n < 200; ++n) {
    ASSERT_TRUE(write_record(writer, 0, n, 2000));
    if (n % 7 != 0) continue;
    LaneReader reader(*arena);
    LaneReader::Batch batch;
    while (reader.next_batch(batch, 5)) {
      for (const auto* record : batch.records) read.push_back(record->start);
      reader.drained(batch);
    }
  }
  LaneReader reader(*arena);
  for (const std::uint64_t n : drain(reader)) read.push_back(n);
  EXPECT_EQ(read, numbers(0, 200));
}

/// A writer that looked at a segment in an earlier life reserves in it while another lane is about
/// to install it, which then fails: nobody's `current` leads to it, and it must be read all the
/// same.
TEST(Lane, FindsASegmentThatNoLaneLeadsTo) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  LaneReader reader(*arena);
  ASSERT_TRUE(write_record(writer, 0, 0));
  const auto stray = arena->take_segment(SegmentUse::lane, Claim::ordinary);
  ASSERT_TRUE(stray);
  arena->lane(1).current.store(std::uint64_t{1} << 32 | *stray);
  ASSERT_TRUE(write_record(writer, 1, 1));
  arena->lane(1).current.store(no_segment);
  EXPECT_EQ(drain(reader), numbers(0, 1));
  arena->descriptor(*stray).reserved.fetch_add(closed_offset);
  arena->descriptor(*stray).sealed.store(record_size(0));
  arena->header().strays.fetch_add(1);
  EXPECT_EQ(drain(reader), numbers(1, 1));
}

}  // namespace
}  // namespace posthaste::arena

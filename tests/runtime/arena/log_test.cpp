#include "runtime/arena/log.h"

#include "runtime/arena/bodies.h"
#include "runtime/arena/lane.h"
#include "tests/support/dice.h"
#include "tests/support/test_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <thread>

namespace posthaste::arena {
namespace {

using namespace testing_support;

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

std::vector<std::uint64_t> read_all(LogCursor& cursor) {
  std::vector<std::uint64_t> read;
  while (const model::RecordHead* record = cursor.next()) {
    EXPECT_TRUE(is_whole(*record));
    read.push_back(record->start);
  }
  return read;
}

/// Appends and publishes records `first` … `first + count - 1`.
void write(LogWriter& log, std::uint64_t first, std::uint64_t count, std::uint32_t payload) {
  for (const std::uint64_t n : numbers(first, count)) {
    ASSERT_TRUE(log.append(*TestRecord(n, payload)));
  }
  log.publish();
}

/// What a batcher does once it has encoded up to the cursor.
void pass(const Arena& arena, std::uint32_t output, const LogCursor& cursor) {
  BodyWriter(arena, output, BodyAuthor::batcher).skip(cursor.position(), 0);
}

TEST(Log, ShowsNothingBeforeItIsPublished) {
  const TestArena arena;
  LogWriter log(*arena);
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  ASSERT_TRUE(log.append(*TestRecord(1, 50)));
  EXPECT_EQ(cursor.next(), nullptr);
  log.publish();
  EXPECT_EQ(read_all(cursor), numbers(1, 1));
  EXPECT_EQ(cursor.next(), nullptr);
}

TEST(Log, StartsANewSegmentWhereARecordDoesNotFit) {
  const TestArena arena;
  LogWriter log(*arena);
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  write(log, 0, 7, 30'000);
  write(log, 7, 1, segment_size - sizeof(model::RecordHead));
  write(log, 8, 3, 100);
  EXPECT_EQ(read_all(cursor), numbers(0, 11));
  EXPECT_EQ(cursor.damaged(), 0u);
  EXPECT_EQ(arena->header().log_records.load(), 11u);
}

TEST(Log, RefusesALengthThatNoRecordHas) {
  const TestArena arena;
  LogWriter log(*arena);
  model::RecordHead head{};
  for (const std::uint64_t length : {0u, 8u, 95u, 100u, segment_size + 8}) {
    head.commit = length;
    EXPECT_FALSE(log.append(head));
  }
}

TEST(Log, WrapsManyTimesBehindSeveralOutputs) {
  const TestArena arena({.segments = 16, .lanes = 1, .outputs = 3});
  LogWriter log(*arena);
  std::vector<LogCursor> cursors;
  for (std::uint32_t i = 0; i < 3; ++i) cursors.push_back(LogCursor::unencoded(*arena, i));
  std::vector<std::vector<std::uint64_t>> read(3);
  testing_support::Dice random(1);
  std::uint64_t written = 0;
  while (written < 20'000) {
    log.begin_step();
    for (int i = 0; i < 40; ++i) {
      if (!log.append(*TestRecord(written, random() % 6000))) break;
      ++written;
    }
    log.publish();
    const std::uint32_t output = random() % 3;
    for (const std::uint64_t n : read_all(cursors[output])) read[output].push_back(n);
    pass(*arena, output, cursors[output]);
    log.trim();
  }
  for (std::uint32_t i = 0; i < 3; ++i) {
    for (const std::uint64_t n : read_all(cursors[i])) read[i].push_back(n);
    EXPECT_EQ(read[i], numbers(0, written));
    EXPECT_EQ(cursors[i].damaged(), 0u);
    pass(*arena, i, cursors[i]);
  }
  log.trim();
  EXPECT_GT(arena->header().log_head.load(), 50u * 16 * segment_size);
  EXPECT_GE(arena->free_segments(), 15u);
}

/// Records `first` … of the sizes that the dice give, in a lane; every third is a log record.
std::uint64_t fill_lane(const LaneWriter& lanes, std::uint64_t first, std::uint64_t count,
                        testing_support::Dice& random) {
  std::uint64_t written = 0;
  for (; written < count; ++written) {
    const std::uint32_t length =
        record_size(random() % 9 == 0 ? random() % 60'000 : random() % 900);
    const Reservation room = lanes.reserve(0, length);
    if (room.bytes == nullptr) break;
    fill_record(room, first + written, length);
    if ((first + written) % 3 == 0) {
      reinterpret_cast<model::RecordHead*>(room.bytes)->type = model::RecordType::log;
    }
    lanes.commit(room, length);
  }
  return written;
}

/// All that is free while it lives.
class HeldSegments {
public:
  explicit HeldSegments(const Arena& arena) : arena_(arena) {
    while (const auto segment = arena.take_segment(SegmentUse::bodies, Claim::bodies)) {
      segments_.push_back(*segment);
    }
  }
  HeldSegments(const HeldSegments&) = delete;
  HeldSegments& operator=(const HeldSegments&) = delete;
  ~HeldSegments() {
    for (const SegmentIndex segment : segments_) arena_.give_back(segment);
  }

private:
  const Arena& arena_;
  std::vector<SegmentIndex> segments_;
};

TEST(Log, CopiesTheRecordsOfALaneSideBySideOrNotAsFarAsThereIsRoom) {
  const TestArena arena({.segments = 24, .lanes = 1, .outputs = 1});
  const LaneWriter lanes(*arena);
  LaneReader reader(*arena);
  LogWriter log(*arena);
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  testing_support::Dice random(7);
  std::vector<std::uint64_t> expected, read;
  std::uint64_t written = 0, in_part = 0;
  LaneReader::Batch batch;
  while (written < 20'000) {
    written += fill_lane(lanes, written, random() % 200, random);
    log.begin_step();
    if (reader.next_batch(batch, 1 + random() % 100)) {
      std::vector<const model::RecordHead*> kept = batch.records;
      if (random() % 2 == 0) std::erase_if(kept, [&](auto*) { return random() % 8 == 0; });
      std::optional<HeldSegments> others;
      if (random() % 4 == 0) others.emplace(*arena);
      const std::size_t count = log.append(kept);
      for (std::size_t i = 0; i < count; ++i) expected.push_back(kept[i]->start);
      if (count > 0 && count < kept.size()) ++in_part;
      log.publish();
      const auto stop = std::find(batch.records.begin(), batch.records.end(),
                                  count < kept.size() ? kept[count] : nullptr);
      reader.drained(batch, static_cast<std::size_t>(stop - batch.records.begin()));
    }
    if (random() % 3 != 0) continue;
    for (const std::uint64_t n : read_all(cursor)) read.push_back(n);
    pass(*arena, 0, cursor);
    if (random() % 2 == 0) log.trim();
  }
  for (const std::uint64_t n : read_all(cursor)) read.push_back(n);
  EXPECT_EQ(read, expected);
  EXPECT_EQ(cursor.damaged(), 0u);
  EXPECT_EQ(arena->header().log_records.load(), expected.size());
  EXPECT_GT(in_part, 10u);
  const std::uint64_t logs = arena->header().log_record_bytes.load();
  const LogWriter again(*arena);  // which counts them itself
  EXPECT_EQ(arena->header().log_record_bytes.load(), logs);
}

TEST(Log, TellsWhenThereIsNoSegmentAndGoesOnOnceTrimmed) {
  const TestArena arena;
  LogWriter log(*arena);
  std::uint64_t written = 0;
  while (log.append(*TestRecord(written, 20'000))) ++written;
  EXPECT_EQ(arena->free_segments(), arena->floor(Claim::log));
  EXPECT_FALSE(log.append(*TestRecord(written, 20'000)));
  log.publish();
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  EXPECT_EQ(read_all(cursor), numbers(0, written));
  pass(*arena, 0, cursor);
  log.trim();
  write(log, written, 10, 20'000);
  EXPECT_EQ(read_all(cursor), numbers(written, 10));
}

TEST(Log, ANewWriterForgetsWhatWasNotPublished) {
  const TestArena arena;
  {
    LogWriter log(*arena);
    write(log, 0, 3, 20'000);
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(log.append(*TestRecord(99, 20'000)));
  }
  LogWriter log(*arena);
  EXPECT_EQ(arena->free_segments(), 15u);
  write(log, 3, 5, 20'000);
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  EXPECT_EQ(read_all(cursor), numbers(0, 8));
}

TEST(Log, KnowsHowManyBytesOfLogRecordsItHolds) {
  const TestArena arena;
  const auto held = [&arena] { return arena->header().log_record_bytes.load(); };
  LogWriter log(*arena);
  for (std::uint64_t n = 0; n < 40; ++n) {
    const auto type = n % 2 == 0 ? model::RecordType::log : model::RecordType::span;
    ASSERT_TRUE(log.append(*TestRecord(n, 5'000, 0, type)));
  }
  log.publish();
  EXPECT_EQ(held(), 20u * record_size(5'000));
  ASSERT_TRUE(log.append(*TestRecord(40, 5'000, 0, model::RecordType::log)));
  LogWriter again(*arena);  // the last was not published
  EXPECT_EQ(held(), 20u * record_size(5'000));
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  read_all(cursor);
  pass(*arena, 0, cursor);
  again.trim();
  EXPECT_LE(held(), 12u / 2 * record_size(5'000));
  EXPECT_GT(held(), 0u);
}

TEST(Log, CountsWhatIsNotEncodedAsResident) {
  const TestArena arena;
  LogWriter log(*arena);
  write(log, 0, 10, 100);
  EXPECT_EQ(resident_records(*arena, 0), 10u);
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  for (int i = 0; i < 4; ++i) cursor.next();
  BodyWriter bodies(*arena, 0, BodyAuthor::batcher);
  bodies.publish(*bodies.allocate(64),
                 {.records = 3, .extent_end = cursor.position(), .extent_records = 4});
  EXPECT_EQ(resident_records(*arena, 0), 9u);
  BodyTable table(*arena, 0);
  table.settle(table.unsettled().front());
  EXPECT_EQ(resident_records(*arena, 0), 6u);
}

TEST(Log, SkipsTheRestOfASegmentWhoseBytesMakeNoSense) {
  const TestArena arena;
  LogWriter log(*arena);
  write(log, 0, 40, 10'000);
  LogCursor cursor = LogCursor::unencoded(*arena, 0);
  for (int i = 0; i < 8; ++i) cursor.next();
  const model::RecordHead* record = LogCursor(cursor).next();
  const_cast<model::RecordHead*>(record)->commit ^= std::uint64_t{1} << 40;
  const std::vector<std::uint64_t> rest = read_all(cursor);
  EXPECT_EQ(cursor.damaged(), 1u);
  EXPECT_EQ(rest, numbers(12, 28));  // 6 in a segment
}

/// The sampler dies after it has published and before it has marked the lanes.
TEST(Log, ASamplersStepIsNotRepeatedAfterItDied) {
  const TestArena arena;
  const LaneWriter writer(*arena);
  for (std::uint64_t n = 0; n < 10; ++n) ASSERT_TRUE(write_record(writer, n % 2, n, 100));
  {
    LaneReader lanes(*arena);
    LogWriter log(*arena);
    LaneReader::Batch batch;
    log.begin_step();
    ASSERT_TRUE(lanes.next_batch(batch, 3));
    for (const auto* record : batch.records) ASSERT_TRUE(log.append(*record));
    log.publish();
    lanes.drained(batch);
    log.begin_step();
    ASSERT_TRUE(lanes.next_batch(batch, 3));
    for (const auto* record : batch.records) ASSERT_TRUE(log.append(*record));
    log.publish();
  }
  repair_lanes_after_step(*arena);
  repair_lanes_after_step(*arena);
  LaneReader lanes(*arena);
  EXPECT_EQ(drain(lanes).size(), 4u);
}

/// One sampler and three batchers, each on a thread, through an arena that they fill again and
/// again.
TEST(LogThreads, CursorsOnTheirOwnThreadsReadAll) {
  constexpr std::uint64_t count = 30'000;
  const TestArena arena({.segments = 16, .lanes = 1, .outputs = 3});
  std::vector<std::thread> batchers;
  std::vector<std::uint64_t> read(3, 0);
  for (std::uint32_t output = 0; output < 3; ++output) {
    batchers.emplace_back([&, output] {
      LogCursor cursor = LogCursor::unencoded(*arena, output);
      BodyWriter bodies(*arena, output, BodyAuthor::batcher);
      while (read[output] < count) {
        std::uint32_t taken = 0;
        while (const model::RecordHead* record = taken < 50 ? cursor.next() : nullptr) {
          if (record->start == read[output] && is_whole(*record)) ++read[output];
          ++taken;
        }
        if (taken > 0) bodies.skip(cursor.position(), taken);
        if (taken == 0) std::this_thread::yield();
      }
    });
  }
  LogWriter log(*arena);
  for (std::uint64_t n = 0; n < count;) {
    log.begin_step();
    for (int i = 0; i < 30 && n < count; ++i) {
      if (!log.append(*TestRecord(n, static_cast<std::uint32_t>(100 + n % 900)))) break;
      ++n;
    }
    log.publish();
    log.trim();
    if (n % 64 == 0) std::this_thread::yield();
  }
  for (std::thread& batcher : batchers) batcher.join();
  EXPECT_EQ(read, std::vector<std::uint64_t>(3, count));
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(resident_records(*arena, i), 0u);
}

}  // namespace
}  // namespace posthaste::arena

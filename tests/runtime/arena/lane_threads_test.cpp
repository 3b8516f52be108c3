#include "runtime/arena/lane.h"

#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace posthaste::arena {
namespace {

using namespace testing_support;

struct Outcome {
  std::vector<std::vector<std::uint64_t>> accepted;  // by thread
  std::vector<std::uint64_t> read;
  std::size_t torn = 0;
  std::uint64_t refused = 0;
};

/// `threads` writers on `lanes` lanes, one reader; `wait_when_full` makes a refused writer try
/// again.
Outcome run(const Arena& arena, std::size_t threads, std::uint64_t each, std::uint32_t payload,
            bool wait_when_full) {
  Outcome outcome;
  outcome.accepted.resize(threads);
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::size_t> running{threads};
  std::vector<std::thread> writers;
  for (std::size_t t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      const LaneWriter writer(arena);
      for (std::uint64_t i = 0; i < each; ++i) {
        const auto lane = static_cast<std::uint32_t>((t + i / 50) % arena.geometry().lanes);
        const std::uint64_t number = t << 32 | i;
        const auto size = static_cast<std::uint32_t>(payload + i % 7 * 40);
        while (!write_record(writer, lane, number, size)) {
          refused.fetch_add(1, std::memory_order_relaxed);
          if (!wait_when_full) break;
          std::this_thread::yield();
        }
        outcome.accepted[t].push_back(number);
      }
      running.fetch_sub(1);
    });
  }
  LaneReader reader(arena);
  LaneReader::Batch batch;
  bool closed = false;
  while (!closed || !reader.empty()) {
    if (!closed && running.load() == 0) {
      LaneWriter(arena).close_all();
      closed = true;
    }
    while (reader.next_batch(batch, 64)) {
      for (const model::RecordHead* record : batch.records) {
        outcome.read.push_back(record->start);
        if (!is_whole(*record)) ++outcome.torn;
      }
      reader.drained(batch);
    }
    std::this_thread::yield();
  }
  for (std::thread& writer : writers) writer.join();
  reader.next_batch(batch, 1);
  outcome.refused = refused.load();
  return outcome;
}

void expect_each_once(Outcome& outcome) {
  std::vector<std::uint64_t> all;
  for (const auto& numbers : outcome.accepted)
    all.insert(all.end(), numbers.begin(), numbers.end());
  std::sort(all.begin(), all.end());
  std::sort(outcome.read.begin(), outcome.read.end());
  EXPECT_EQ(outcome.read, all);
  EXPECT_EQ(outcome.torn, 0u);
}

TEST(LaneThreads, LoseAndRepeatNothingWhenThereIsRoom) {
  const TestArena arena({.segments = 200, .lanes = 4, .outputs = 1});
  Outcome outcome = run(*arena, 8, 2000, 100, true);
  expect_each_once(outcome);
  EXPECT_EQ(arena->free_segments(), 200u);
}

/// One after the other, each segment is closed, refused, given back and taken again by any lane.
TEST(LaneThreads, LoseAndRepeatNothingInAnArenaThatIsAlwaysFull) {
  for (int round = 0; round < 5; ++round) {
    const TestArena arena({.segments = 16, .lanes = 3, .outputs = 1});
    Outcome outcome = run(*arena, 6, 600, 8'000, true);
    expect_each_once(outcome);
    EXPECT_GT(outcome.refused, 0u);
    EXPECT_EQ(arena->free_segments(), 16u);
  }
}

TEST(LaneThreads, MayCloseWhileOthersWrite) {
  for (int round = 0; round < 20; ++round) {
    const TestArena arena({.segments = 64, .lanes = 2, .outputs = 1});
    std::atomic<bool> go{false};
    std::vector<std::uint64_t> accepted(4, 0);
    std::vector<std::thread> writers;
    for (std::size_t t = 0; t < accepted.size(); ++t) {
      writers.emplace_back([&, t] {
        const LaneWriter writer(*arena);
        while (!go.load()) std::this_thread::yield();
        while (accepted[t] < 400 && write_record(writer, t % 2, 1, 2'000)) ++accepted[t];
      });
    }
    go.store(true);
    std::this_thread::yield();
    LaneWriter(*arena).close_all();
    for (std::thread& writer : writers) writer.join();
    LaneReader reader(*arena);
    const std::uint64_t all = accepted[0] + accepted[1] + accepted[2] + accepted[3];
    EXPECT_EQ(drain(reader).size(), all);
    EXPECT_TRUE(reader.empty());
  }
}

}  // namespace
}  // namespace posthaste::arena

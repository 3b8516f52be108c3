/// Processes that are killed at random moments, while threads write and a pipeline delivers;
/// whoever comes next takes over their arena. What was delivered and what was accepted is noted in
/// memory that all processes share.

#include "runtime/arena/adoption.h"
#include "tests/support/child_process.h"
#include "tests/support/dice.h"
#include "tests/support/memory_directory.h"
#include "tests/support/test_pipeline.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <map>
#include <thread>

namespace posthaste::arena {
namespace {

using namespace testing_support;

constexpr std::size_t most_threads = 64;
constexpr std::size_t most_delivered = 1 << 20;
constexpr std::uint32_t body_limit = 40;  // records

/// What the world outside knows.
struct World {
  std::array<std::atomic<std::uint64_t>, most_threads> accepted;  // of a thread: numbers 0 … here
  std::atomic<std::uint64_t> delivered;                           // entries of `numbers`
  std::array<std::uint64_t, most_delivered> numbers;

  std::uint64_t all_accepted() const {
    std::uint64_t sum = 0;
    for (const auto& count : accepted) sum += count.load(std::memory_order_relaxed);
    return sum;
  }
  void deliver(std::span<const std::uint64_t> body) {
    for (const std::uint64_t number : body) {
      const std::uint64_t at = delivered.load();
      if (at == most_delivered) return;
      numbers[at] = number;
      delivered.store(at + 1);  // a kill in the middle of a body leaves part of it
    }
  }
};

class Shared {
public:
  Shared() {
    void* const memory = ::mmap(nullptr, sizeof(World), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    world_ = static_cast<World*>(memory);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::munmap(world_, sizeof(World)); }
  World* operator->() const noexcept { return world_; }
  World& operator*() const noexcept { return *world_; }

private:
  World* world_;
};

constexpr std::array<char, 40> this_boot{'b'};
constexpr std::uint64_t output_id = 100;

struct Round {
  std::uint32_t seed;
  std::size_t threads;
  std::uint64_t accepted_before_kill;
  bool kill_the_adopter;
};

/// Writes until it is killed, or has written what the notes have room for.
void write_records(const Arena& arena, World& world, std::size_t thread, std::uint64_t most) {
  const LaneWriter writer(arena);
  const auto lane = static_cast<std::uint32_t>(thread % (arena.geometry().lanes + 1));
  for (std::uint64_t n = 0; n < most;) {
    const auto payload = static_cast<std::uint32_t>((n * 37 + thread) % 600);
    if (write_record(writer, lane, thread << 32 | n, payload)) {
      world.accepted[thread].store(++n, std::memory_order_release);
    } else {
      std::this_thread::yield();
    }
  }
}

void work(TestPipeline& pipeline, Dice& dice) {
  const std::uint32_t what = dice() % 8;
  if (what < 4) pipeline.sample(1 + dice() % 100);
  if (what >= 4 && what < 6) pipeline.encode(body_limit);
  if (what >= 6) pipeline.transmit(dice() % 3);
}

/// The process that will be killed.
void live(const MemoryDirectory& directory, World& world, const Round& round) {
  constexpr Geometry geometry{.segments = 48, .lanes = 3, .outputs = 1};
  auto region = Region::create({.size = Arena::size_of(geometry),
                                .populated = Arena::tables_size(geometry),
                                .directories = {directory.path()},
                                .random = round.seed});
  if (!region || !region->is_recorder()) ::_exit(1);
  const Arena arena = Arena::format(region->memory(), geometry, {}, 0x5ec2e7 + round.seed, 0);
  arena.header().boot_id = this_boot;
  arena.output(0).id = output_id;
  if (!region->extend(arena, 16)) ::_exit(1);
  const std::uint64_t most = most_delivered / 2 / round.threads;
  for (std::size_t i = 0; i < round.threads; ++i) {
    std::thread([&arena, &world, i, most] { write_records(arena, world, i, most); }).detach();
  }
  TestPipeline pipeline(arena, LaneReader::Holes::wait, [&world](auto b) { world.deliver(b); });
  Dice dice(round.seed);
  for (;;) {
    work(pipeline, dice);
    if (arena.free_segments() < 8 && !region->extend(arena, 4)) ::_exit(1);
  }
}

Result<Orphan> find_the_orphan(const MemoryDirectory& directory) {
  OrphanSurvey survey = find_orphans({.directories = {directory.path()},
                                      .output_ids = {output_id},
                                      .boot_id = this_boot,
                                      .now = system_clock().wall()});
  if (survey.adoptable.size() != 1) return Error(ErrorCode::internal, "no orphan");
  return Orphan::open(std::move(survey.adoptable[0]));
}

void adopt_until_killed(const MemoryDirectory& directory, World& world, std::uint32_t seed) {
  auto orphan = find_the_orphan(directory);
  if (!orphan) ::_exit(1);
  TestPipeline pipeline(orphan->arena(), LaneReader::Holes::skip,
                        [&world](auto body) { world.deliver(body); });
  Dice dice(seed);
  for (;;) work(pipeline, dice);
}

/// Each record whose write had returned is there; each other one, at most one per thread, may be.
void expect_all_delivered(const World& world, const Round& round, std::size_t deaths) {
  std::map<std::uint64_t, std::uint32_t> times;
  for (std::uint64_t i = 0; i < world.delivered.load(); ++i) ++times[world.numbers[i]];
  std::uint64_t lost = 0;
  std::uint64_t unheard_of = 0;
  std::uint64_t again = 0;
  for (std::size_t thread = 0; thread < most_threads; ++thread) {
    const std::uint64_t accepted = world.accepted[thread].load();
    for (std::uint64_t n = 0; n < accepted; ++n) lost += times.count(thread << 32 | n) == 0 ? 1 : 0;
  }
  for (const auto& [number, count] : times) {
    const std::size_t thread = number >> 32;
    again += count - 1;
    if (thread >= round.threads || (number & 0xffff'ffff) > world.accepted[thread].load()) {
      ++unheard_of;
    }
  }
  EXPECT_EQ(lost, 0u) << "seed " << round.seed;
  EXPECT_EQ(unheard_of, 0u) << "seed " << round.seed;
  EXPECT_LE(again, deaths * body_limit) << "seed " << round.seed;
}

void run(const Round& round) {
  const MemoryDirectory directory;
  const Shared world;
  std::size_t deaths = 1;
  {
    ChildProcess owner([&] { live(directory, *world, round); });
    while (world->all_accepted() < round.accepted_before_kill) {
      ASSERT_TRUE(owner.running());
      std::this_thread::yield();
    }
    owner.kill();
  }
  if (round.kill_the_adopter) {
    const std::uint64_t before = world->delivered.load();
    const std::uint64_t waiting = world->all_accepted() - std::min(before, world->all_accepted());
    Dice dice(round.seed);
    const std::uint64_t enough = before + dice() % (waiting + 1);
    ChildProcess adopter([&] { adopt_until_killed(directory, *world, round.seed); });
    while (world->delivered.load() < enough) {
      ASSERT_TRUE(adopter.running());
      std::this_thread::yield();
    }
    adopter.kill();
    ++deaths;
  }
  auto orphan = find_the_orphan(directory);
  ASSERT_TRUE(orphan) << orphan.error().message();
  EXPECT_EQ(orphan->report().corrupt_bodies, 0u);
  EXPECT_EQ(orphan->report().damaged_log_places, 0u);
  EXPECT_LE(orphan->report().bodies_in_flight, 1u);
  TestPipeline last(orphan->arena(), LaneReader::Holes::skip,
                    [&world](auto body) { world->deliver(body); });
  last.run_dry();
  EXPECT_EQ(last.torn() + last.damaged(), 0u) << "seed " << round.seed;
  ASSERT_LT(world->delivered.load(), most_delivered);
  expect_all_delivered(*world, round, deaths);
  orphan->remove();
  EXPECT_EQ(directory.files(), 0u);
}

class Crash : public testing::TestWithParam<std::size_t> {};

TEST_P(Crash, LosesNothingThatWasAccepted) {
  Dice dice(static_cast<std::uint32_t>(GetParam()));
  for (std::uint32_t i = 0; i < 14; ++i) {
    run({.seed = i,
         .threads = GetParam(),
         .accepted_before_kill = dice() % 6000 + 1,
         .kill_the_adopter = false});
  }
}

TEST_P(Crash, LosesNothingWhenTheAdopterIsKilledToo) {
  Dice dice(static_cast<std::uint32_t>(GetParam()) + 1000);
  for (std::uint32_t i = 0; i < 14; ++i) {
    run({.seed = i,
         .threads = GetParam(),
         .accepted_before_kill = dice() % 6000 + 1,
         .kill_the_adopter = true});
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, Crash, testing::Values(1, 4, 64));

}  // namespace
}  // namespace posthaste::arena

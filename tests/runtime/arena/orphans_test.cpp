#include "runtime/arena/orphans.h"

#include "runtime/arena/adoption.h"
#include "tests/support/child_process.h"
#include "tests/support/memory_directory.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <filesystem>

#include <functional>

namespace posthaste::arena {
namespace {

using namespace testing_support;
using std::chrono::hours;

constexpr Geometry geometry{.segments = 16, .lanes = 1, .outputs = 2};
constexpr std::array<char, 40> this_boot{'b', 'o', 'o', 't'};

/// A process that makes an arena, does `change`, and dies without a word.
void leave_orphan(const MemoryDirectory& directory, std::uint64_t random,
                  const std::function<void(const Arena&)>& change = {}) {
  ChildProcess child([&] {
    auto region = Region::create({.size = Arena::size_of(geometry),
                                  .populated = Arena::tables_size(geometry),
                                  .directories = {directory.path()},
                                  .random = random});
    if (!region || !region->is_recorder()) ::_exit(1);
    const Arena arena = Arena::format(region->memory(), geometry, {}, 99, 0);
    if (!region->extend(arena, 8)) ::_exit(1);
    arena.header().boot_id = this_boot;
    arena.output(0).id = 100;
    arena.output(1).id = 200;
    if (change) change(arena);
    ::_exit(0);
  });
  ASSERT_EQ(child.wait(), 0);
}

OrphanSearch search_in(const MemoryDirectory& directory) {
  return {.directories = {directory.path()},
          .output_ids = {200, 100, 300},
          .boot_id = this_boot,
          .now = system_clock().wall()};
}

TEST(Orphans, OfThisApplicationAreFoundAndLocked) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1);
  const OrphanSurvey survey = find_orphans(search_in(directory));
  ASSERT_EQ(survey.adoptable.size(), 1u);
  EXPECT_EQ(survey.left + survey.removed, 0u);
  EXPECT_TRUE(find_orphans(search_in(directory)).adoptable.empty());  // another finds it locked
}

TEST(Orphans, WhoseLockWasGivenUpAreFoundAgain) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1);
  EXPECT_EQ(find_orphans(search_in(directory)).adoptable.size(), 1u);
  EXPECT_EQ(find_orphans(search_in(directory)).adoptable.size(), 1u);
}

TEST(Orphans, AreNotThoseWhoseOwnerLives) {
  const MemoryDirectory directory;
  const auto region = Region::create({.size = Arena::size_of(geometry),
                                      .populated = Arena::tables_size(geometry),
                                      .directories = {directory.path()}});
  ASSERT_TRUE(region && region->is_recorder());
  const OrphanSurvey survey = find_orphans(search_in(directory));
  EXPECT_EQ(survey.adoptable.size() + survey.left + survey.removed, 0u);
  EXPECT_EQ(directory.files(), 1u);
}

TEST(Orphans, OfOthersAreLeftForTheirs) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) { arena.output(1).id = 999; });
  leave_orphan(directory, 2,
               [](const Arena& arena) { arena.header().version = format_version + 1; });
  const OrphanSurvey survey = find_orphans(search_in(directory));
  EXPECT_EQ(survey.left, 2u);
  EXPECT_EQ(directory.files(), 2u);
}

TEST(Orphans, ThatNobodyCanReadAreRemoved) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) { arena.header().boot_id[0] = 'x'; });
  leave_orphan(directory, 2, [](const Arena& arena) { arena.header().magic = 0; });
  leave_orphan(directory, 3, [](const Arena& arena) { arena.header().geometry.segments = 17; });
  const OrphanSurvey survey = find_orphans(search_in(directory));
  EXPECT_EQ(survey.removed, 3u);
  EXPECT_EQ(directory.files(), 0u);
}

TEST(Orphans, WhoseOwnerDiedInTheMidstOfItsStartAreRemoved) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) { arena.output(1).id = 0; });
  const OrphanSurvey survey = find_orphans(search_in(directory));
  EXPECT_EQ(survey.removed, 1u);
  EXPECT_EQ(survey.left, 0u);
  EXPECT_EQ(directory.files(), 0u);
}

TEST(Orphans, AreRemovedWhenNobodyWantedThemFor47Hours) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) { arena.output(1).id = 999; });
  leave_orphan(directory, 2,
               [](const Arena& arena) { arena.header().version = format_version + 1; });
  OrphanSearch search = search_in(directory);
  search.now += hours(46);
  EXPECT_EQ(find_orphans(search).left, 2u);
  search.now += hours(2);
  EXPECT_EQ(find_orphans(search).removed, 2u);
  EXPECT_EQ(directory.files(), 0u);
}

TEST(Orphans, AreTakenTwoAtATimeTheLastToDieFirst) {
  const MemoryDirectory directory;
  for (std::uint64_t i = 1; i <= 3; ++i) leave_orphan(directory, i);
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory.recorders())) {
    paths.push_back(entry.path());
    const timespec times[2] = {{1'700'000'000, 0},
                               {1'700'000'000 + 100 * static_cast<time_t>(paths.size()), 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, paths.back().c_str(), times, 0), 0);
  }
  OrphanSearch search = search_in(directory);
  search.now = WallTime{std::chrono::seconds{1'700'001'000}};
  const OrphanSurvey survey = find_orphans(search);
  ASSERT_EQ(survey.adoptable.size(), 2u);
  EXPECT_EQ(survey.adoptable[0].path, paths[2]);
  EXPECT_EQ(survey.adoptable[1].path, paths[1]);
  EXPECT_EQ(survey.waiting, 1u);
  EXPECT_EQ(survey.left, 0u);
}

/// Else the two that died last, if they cannot be opened, would keep all others waiting for ever.
TEST(Orphans, ThatCouldNotBeOpenedLetOthersPass) {
  const MemoryDirectory directory;
  for (std::uint64_t i = 1; i <= 3; ++i) leave_orphan(directory, i);
  OrphanSearch search = search_in(directory);
  for (const OrphanFile& file : find_orphans(search).adoptable) {
    search.passed_over.push_back(file.path);
  }
  const OrphanSurvey survey = find_orphans(search);
  EXPECT_EQ(survey.adoptable.size(), 1u);
  EXPECT_EQ(survey.waiting, 0u);
  EXPECT_EQ(survey.left, 2u);
}

TEST(Orphans, AreRegularFilesWithOneLinkOnly) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1);
  const std::filesystem::path file = *std::filesystem::directory_iterator(directory.recorders());
  std::filesystem::create_hard_link(file, directory.path() + "/second");
  std::filesystem::create_symlink(file, directory.recorders() + "/link.arena");
  ASSERT_EQ(::mkfifo((directory.recorders() + "/pipe.arena").c_str(), 0600), 0);
  std::filesystem::create_directory(directory.recorders() + "/directory.arena");
  const OrphanSurvey survey = find_orphans(search_in(directory));
  EXPECT_EQ(survey.adoptable.size() + survey.left + survey.removed, 0u);
}

TEST(Orphans, ThatNeverGotTheirNameGoAfterAnHour) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1);
  const std::filesystem::path file = *std::filesystem::directory_iterator(directory.recorders());
  std::filesystem::rename(file, directory.recorders() + "/.new.arena");
  OrphanSearch search = search_in(directory);
  EXPECT_EQ(find_orphans(search).removed, 0u);
  search.now += hours(2);
  EXPECT_EQ(find_orphans(search).removed, 1u);
}

TEST(Orphans, AreEmptiedInPlaceAndGoWhenTheyAreRemoved) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) {
    for (std::uint64_t n = 0; n < 20; ++n) write_record(LaneWriter(arena), 0, n);
  });
  OrphanSurvey survey = find_orphans(search_in(directory));
  ASSERT_EQ(survey.adoptable.size(), 1u);
  auto orphan = Orphan::open(std::move(survey.adoptable[0]));
  ASSERT_TRUE(orphan) << orphan.error().message();
  LaneReader reader(orphan->arena(), LaneReader::Holes::skip);
  EXPECT_EQ(drain(reader).size(), 20u);
  EXPECT_EQ(*orphan->region().extend(orphan->arena(), 100), 8u);
  EXPECT_EQ(directory.files(), 1u);
  orphan->remove();
  EXPECT_EQ(directory.files(), 0u);
}

TEST(Orphans, AreLeftWhenTheyCannotBeOpened) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1);
  OrphanSurvey survey = find_orphans(search_in(directory));
  ASSERT_EQ(survey.adoptable.size(), 1u);
  const std::uint32_t other = 9;
  ASSERT_EQ(
      ::pwrite(survey.adoptable[0].descriptor.get(), &other, 4, offsetof(ArenaHeader, version)), 4);
  const auto orphan = Orphan::open(std::move(survey.adoptable[0]));
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code(), ErrorCode::arena_foreign);
  EXPECT_EQ(directory.files(), 1u);
}

TEST(Orphans, ThatAreRemovedSayHowManyRecordsWereLostWithThem) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) {
    arena.header().log_records = 10;
    arena.output(0).encoded_records = 10;
    arena.output(0).body_records = 4;
    arena.output(1).encoded_records = 7;
  });
  OrphanSearch search = search_in(directory);
  search.now += orphan_age_limit + hours{1};
  const OrphanSurvey survey = find_orphans(search);
  EXPECT_EQ(survey.removed, 1u);
  ASSERT_EQ(survey.lost.size(), 2u);
  EXPECT_EQ(survey.lost[0].output_id, 100u);
  EXPECT_EQ(survey.lost[0].records, 4u);
  EXPECT_EQ(survey.lost[1].output_id, 200u);
  EXPECT_EQ(survey.lost[1].records, 3u);
}

TEST(Orphans, ThatSomebodyCutAreRemovedAndSayWhatWasLost) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) {
    arena.header().log_records = 10;
    arena.output(0).encoded_records = 4;
    arena.output(1).encoded_records = 10;
  });
  const std::size_t tables = Arena::tables_size(geometry);
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory.path())) {
    if (file.is_regular_file()) std::filesystem::resize_file(file.path(), tables);
  }
  const OrphanSurvey survey = find_orphans(search_in(directory));
  EXPECT_EQ(survey.removed, 1u);
  ASSERT_EQ(survey.lost.size(), 2u);
  EXPECT_EQ(survey.lost[0].records, 6u);
  EXPECT_EQ(survey.lost[1].records, 0u);
  EXPECT_EQ(directory.files(), 0u);
}

TEST(Orphans, AreNotBelievedToHaveLostMoreThanTheyCouldHold) {
  const MemoryDirectory directory;
  leave_orphan(directory, 1, [](const Arena& arena) {
    arena.header().log_records = UINT64_MAX;
    arena.output(0).body_records = UINT64_MAX;
    arena.output(1).encoded_records = UINT64_MAX;
  });
  OrphanSearch search = search_in(directory);
  search.now += orphan_age_limit + hours{1};
  const OrphanSurvey survey = find_orphans(search);
  ASSERT_EQ(survey.lost.size(), 2u);
  EXPECT_LE(survey.lost[0].records, Arena::size_of(geometry) / 16);
  EXPECT_EQ(survey.lost[1].records, 0u);
}

}  // namespace
}  // namespace posthaste::arena

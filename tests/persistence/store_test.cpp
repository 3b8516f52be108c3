#include "persistence/store.h"

#include "persistence/store_format.h"
#include "persistence/store_verifier.h"
#include "runtime/base/file_descriptor.h"
#include "tests/persistence/store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace posthaste::persistence {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

using StoreTest = StoreFixture;

TEST_F(StoreTest, GivesBatchesBackOldestFirstWithTheirBytes) {
  open();
  append_numbers(1, 20, 5000);
  std::vector<std::uint64_t> expected(20);
  for (std::uint64_t i = 0; i < 20; ++i) expected[i] = i + 1;
  EXPECT_EQ(drain(), expected);
  EXPECT_EQ(store_->total(), Level{});
}

TEST_F(StoreTest, KeepsEveryFieldOfTheHeader) {
  open();
  TestBatch batch{3, 100};
  batch.header.created = {WallTime{1h}, {{std::byte{5}}, 2h}};
  batch.header.created.boot = boot_;
  batch.header.attempts = 4;
  const Result<StoreKey> key = append(batch);
  ASSERT_TRUE(key);
  open();
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  BatchHeader expected = batch.header;
  expected.body_bytes = 100;
  expected.user_bytes = 3;
  EXPECT_EQ((*leased)->header, expected);
  EXPECT_EQ((*leased)->key, *key);
}

TEST_F(StoreTest, StampsABatchThatHasNoCreationTime) {
  open();
  ASSERT_TRUE(append(TestBatch{1, 10}));
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  EXPECT_EQ((*leased)->header.created, (CreationTime{clock_.wall(), boot_}));
}

TEST_F(StoreTest, StoresTheSameIdentityOnce) {
  open();
  const Result<StoreKey> first = append(TestBatch{1, 10});
  const Result<StoreKey> second = append(TestBatch{1, 10});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  open();
  const Result<StoreKey> third = append(TestBatch{1, 10});
  ASSERT_TRUE(third);
  EXPECT_EQ(*first, *third);
  EXPECT_EQ(store_->total().batches, 1u);
}

TEST_F(StoreTest, StoresTheSameIdentityInOneGroupOnce) {
  open();
  const TestBatch batch{1, 10};
  const NewBatch group[] = {batch.as_new(), batch.as_new()};
  const auto keys = store_->append(group);
  ASSERT_TRUE(keys);
  EXPECT_EQ((*keys)[0], (*keys)[1]);
  EXPECT_EQ(store_->total().batches, 1u);
}

TEST_F(StoreTest, KeepsQueuesApart) {
  open();
  ASSERT_TRUE(append(TestBatch{1, 10, {1}}));
  ASSERT_TRUE(append(TestBatch{1, 10, {2}}));
  EXPECT_EQ(store_->queues(), (std::vector<QueueId>{{1}, {2}}));
  EXPECT_EQ(store_->level({2}).batches, 1u);
  EXPECT_TRUE(store_->contains({2}, TestBatch(1, 10).header.origin));
  EXPECT_FALSE(store_->contains({3}, TestBatch(1, 10).header.origin));
  EXPECT_EQ(drain({2}), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(store_->level({1}).batches, 1u);
}

TEST_F(StoreTest, TakesABatchWithoutBytes) {
  open();
  ASSERT_TRUE(append(TestBatch{5, 0}));
  open();
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{5}));
}

TEST_F(StoreTest, TakesBodiesAroundTheSizeOfAPage) {
  open();
  const std::size_t sizes[] = {2017, 2022, 2023, 4076, 4080, 4081, 4096, 8176, 8177, 1 << 20};
  std::uint64_t number = 0;
  for (const std::size_t size : sizes) ASSERT_TRUE(append(TestBatch{++number * 5, size}));
  open();
  EXPECT_EQ(drain().size(), std::size(sizes));
}

TEST_F(StoreTest, DoesNotLeaseABatchTwice) {
  open();
  append_numbers(1, 2, 10);
  const auto first = store_->lease_oldest(only_queue);
  const auto second = store_->lease_oldest(only_queue);
  const auto third = store_->lease_oldest(only_queue);
  ASSERT_TRUE(first && *first && second && *second && third);
  EXPECT_NE((*first)->key, (*second)->key);
  EXPECT_FALSE(*third);
}

TEST_F(StoreTest, LeasesAReleasedBatchAgainAndFirst) {
  open();
  append_numbers(1, 3, 10);
  const auto first = store_->lease_oldest(only_queue);
  ASSERT_TRUE(first && *first);
  store_->release((*first)->key, Attempt::not_counted);
  const auto again = store_->lease_oldest(only_queue);
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->key, (*first)->key);
  EXPECT_EQ((*again)->header.attempts, 0u);
}

TEST_F(StoreTest, KeepsCountOfAttemptsAcrossReopening) {
  open();
  append_numbers(1, 1, 10);
  for (int i = 0; i < 3; ++i) {
    const auto leased = store_->lease_oldest(only_queue);
    ASSERT_TRUE(leased && *leased);
    EXPECT_EQ((*leased)->header.attempts, static_cast<unsigned>(i));
    store_->release((*leased)->key, Attempt::counted);
  }
  open();
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  EXPECT_EQ((*leased)->header.attempts, 3u);
}

TEST_F(StoreTest, GivesLeasesBackWhenItIsOpenedAgain) {
  open();
  append_numbers(1, 1, 10);
  ASSERT_TRUE(store_->lease_oldest(only_queue));
  open();
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{1}));
}

TEST_F(StoreTest, LeasesAGivenBatch) {
  open();
  append_numbers(1, 2, 10);
  const Result<StoreKey> third = append(TestBatch{3, 10});
  ASSERT_TRUE(third);
  const auto leased = store_->lease(*third);
  ASSERT_TRUE(leased && *leased);
  EXPECT_EQ(number_of((*leased)->header), 3u);
  const auto absent = store_->lease(StoreKey{1});
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
}

TEST_F(StoreTest, SettlesWhatIsNotThereWithoutComplaint) {
  open();
  EXPECT_TRUE(store_->settle(StoreKey{12345}));
}

TEST_F(StoreTest, NeverUsesAKeyTwice) {
  open();
  const Result<StoreKey> first = append(TestBatch{1, 10});
  ASSERT_TRUE(first);
  ASSERT_TRUE(store_->settle(*first));
  open();
  const Result<StoreKey> second = append(TestBatch{2, 10});
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
}

TEST_F(StoreTest, ReplacesABatchByItsRemainderBehindTheOthers) {
  open();
  append_numbers(1, 2, 10);
  const auto first = store_->lease_oldest(only_queue);
  ASSERT_TRUE(first && *first);
  TestBatch remainder{1, 4};
  remainder.header.created = (*first)->header.created;
  const Result<StoreKey> key = store_->replace((*first)->key, remainder.as_new());
  ASSERT_TRUE(key);
  EXPECT_NE(*key, (*first)->key);
  open();
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_TRUE(store_->take_losses().empty());
}

TEST_F(StoreTest, DoesNotReplaceWhatIsNotThere) {
  open();
  const Result<StoreKey> key = store_->replace(StoreKey{9}, TestBatch{1, 10}.as_new());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(store_->total().batches, 0u);
}

TEST_F(StoreTest, EvictsTheOldestAtItsCapAndCountsThem) {
  StoreOptions small = options();
  small.cap = Bytes{5 * 1024 * 1024};
  open(small);
  append_numbers(1, 320, 65536 - 16);
  const Level level = store_->total();
  EXPECT_LE(level.charged, small.cap.count);
  EXPECT_GT(level.charged, small.cap.count - 2 * 66000);
  const std::vector<Loss> losses = store_->take_losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].reason, LossReason::evicted_size);
  EXPECT_EQ(losses[0].batches + level.batches, 320u);
  EXPECT_LE(fs::file_size(directory() + "/data.mdb"), small.cap.count * 4);
  const std::vector<std::uint64_t> left = drain();
  EXPECT_EQ(left.front(), 320 - level.batches + 1);
  EXPECT_EQ(left.back(), 320u);
}

TEST_F(StoreTest, EvictsManySmallOnesForOneLarge) {
  StoreOptions small = options();
  small.cap = Bytes{256 * 1024};
  open(small);
  append_numbers(1, 256, 100);
  EXPECT_EQ(store_->total().batches, 256u);
  ASSERT_TRUE(append(TestBatch{1000, 200 * 1024}));
  EXPECT_LE(store_->total().charged, small.cap.count);
  EXPECT_EQ(total_batches(store_->take_losses()) + store_->total().batches, 257u);
}

TEST_F(StoreTest, RefusesWhatCannotFitAndEvictsNothingForIt) {
  StoreOptions small = options();
  small.cap = Bytes{256 * 1024};
  open(small);
  append_numbers(1, 10, 1000);
  const Result<StoreKey> key = append(TestBatch{99, 256 * 1024});
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), ErrorCode::store_full);
  EXPECT_EQ(store_->total().batches, 10u);
  EXPECT_TRUE(store_->take_losses().empty());
}

TEST_F(StoreTest, DropsWhatIsOlderThan47HoursAtALease) {
  open();
  append_numbers(1, 2, 10);
  advance(46h);
  append_numbers(3, 1, 10);
  advance(1h + 1ns);
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{3}));
  const std::vector<Loss> losses = store_->take_losses();
  EXPECT_EQ(losses, (std::vector<Loss>{{LossReason::expired, only_queue, 2, 5, 20 + 1 + 2}}));
}

TEST_F(StoreTest, DropsWhatIsOlderThan47HoursInMaintenance) {
  open();
  append_numbers(1, 100, 10);
  advance(48h);
  ASSERT_TRUE(store_->maintain());
  EXPECT_EQ(store_->total().batches, 0u);
  EXPECT_EQ(total_batches(store_->take_losses()), 100u);
}

TEST_F(StoreTest, IsNotMovedByAChangeOfDate) {
  open();
  append_numbers(1, 1, 10);
  clock_.set_wall(clock_.wall() + 24h * 365);
  ASSERT_TRUE(store_->maintain());
  clock_.set_wall(clock_.wall() - 24h * 1000);
  ASSERT_TRUE(store_->maintain());
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{1}));
}

TEST_F(StoreTest, DoesNotExpireWhatIsLeased) {
  open();
  append_numbers(1, 1, 10);
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  advance(48h);
  ASSERT_TRUE(store_->maintain());
  EXPECT_EQ(store_->total().batches, 1u);
}

TEST_F(StoreTest, SaysHowMuchItHolds) {
  open();
  append_numbers(1, 1, 1000);
  const WallTime first = clock_.wall();
  advance(1s);
  append_numbers(2, 1, 5000);
  const Level expected{2, 2 + 3, 1000 + 1 + 5000 + 2, charge_of(1001) + charge_of(5002), first};
  EXPECT_EQ(store_->total(), expected);
  EXPECT_EQ(store_->level(only_queue), expected);
  open();
  EXPECT_EQ(store_->level(only_queue), expected);
}

TEST_F(StoreTest, LosesNothingWhereItsFileEndsBeforeItsLastPage) {
  // LMDB does not write a page that was taken and given back in one transaction; by chance it is the
  // last. Here such an end is made of pages that are free.
  open();
  append_numbers(1, 60, 3'000);
  std::vector<StoreKey> later;
  for (const auto& [key, entry] : store_->index().entries()) {
    if (entry.records > 11) later.push_back(key);
  }
  ASSERT_TRUE(store_->settle(later));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(TestBatch{100, 100}));  // moves what is at the end
  ASSERT_TRUE(store_->settle({{store_->index().entries().rbegin()->first}}));
  store_.reset();
  const std::string file = directory() + "/data.mdb";
  const std::uint64_t whole = std::filesystem::file_size(file);
  const auto sound = [&] {
    const FileDescriptor data(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return verify_data_file(data.get()).state == FileState::sound;
  };
  const std::string copy = scratch_ / "copy";
  do {
    std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 4096);
  } while (sound());
  std::filesystem::copy_file(copy, file, std::filesystem::copy_options::overwrite_existing);
  ASSERT_LT(std::filesystem::file_size(file), whole);
  open();
  ASSERT_TRUE(append(TestBatch{200, 100}));
  EXPECT_EQ(total_records(store_->take_losses()), 0u);
  EXPECT_EQ(drain().size(), 11u);
}

TEST_F(StoreTest, IsOwnedByOneAtATimeAlsoWithinOneProcess) {
  open();
  const Result<std::unique_ptr<Store>> second = Store::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::store_locked);
  store_.reset();
  EXPECT_TRUE(Store::open(options()));
}

TEST_F(StoreTest, LetsOnlyItsUserReadItsFiles) {
  const mode_t before = ::umask(0);
  open();
  append_numbers(1, 1, 10);
  ::umask(before);
  for (const char* name : {"data.mdb", "ledger", "owner.lock"}) {
    struct stat facts {};
    ASSERT_EQ(::stat((directory() + "/" + name).c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << name;
  }
  EXPECT_FALSE(fs::exists(directory() + "/lock.mdb"));
}

TEST_F(StoreTest, SetsALinkInPlaceOfItsFileAsideWithoutTouchingTheTarget) {
  fs::create_directories(directory());
  fs::permissions(directory(), fs::perms::owner_all);
  std::ofstream{scratch_ / "victim"} << "";
  fs::create_symlink(scratch_ / "victim", directory() + "/data.mdb");
  open();
  append_numbers(1, 5, 1000);
  EXPECT_EQ(fs::file_size(scratch_ / "victim"), 0u);
  EXPECT_FALSE(fs::is_symlink(directory() + "/data.mdb"));
}

TEST_F(StoreTest, FailsWhenItMayNotCreateItsDirectory) {
  StoreOptions existing = options();
  existing.create = false;
  EXPECT_FALSE(Store::open(existing));
}

TEST_F(StoreTest, LeavesNoDescriptorOpenToExec) {
  open();
  append_numbers(1, 1, 10);
  for (const auto& entry : fs::directory_iterator{"/proc/self/fd"}) {
    std::error_code error;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (target.rfind(directory(), 0) != 0) continue;
    const int descriptor = std::stoi(entry.path().filename());
    EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0) << target;
  }
}

}  // namespace
}  // namespace posthaste::persistence

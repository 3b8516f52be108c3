#include "persistence/store.h"
#include "persistence/store_inspection.h"
#include "tests/persistence/disk_faults.h"
#include "tests/persistence/store_fixture.h"
#include "tests/support/sanitizers.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

namespace posthaste::persistence {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class StoreFault : public StoreFixture {
protected:
  void TearDown() override { disarm(); }

  /// What a caller does that keeps its batch when the store refuses it.
  struct Account {
    std::uint64_t stored = 0;
    std::uint64_t settled = 0;
    std::uint64_t refused = 0;
  };

  void use(Account& account, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t i = first; i < first + count; ++i) {
      const TestBatch batch{i, 3000 + i * 100 % 5000};
      append(batch) ? account.stored += batch.header.records
                    : account.refused += batch.header.records;
      if (i % 3 != 0) continue;
      const auto leased = store_->lease_oldest(only_queue);
      if (!leased || !*leased) continue;
      if (store_->settle((*leased)->key)) {
        account.settled += (*leased)->header.records;
      } else {
        store_->release((*leased)->key, Attempt::not_counted);
      }
    }
  }

  /// stored = settled + in the store + lost, and the file is sound.
  void expect_closed_account(const Account& account) {
    losses_.clear();
    for (const Loss& loss : store_->take_losses()) add_loss(losses_, loss);
    EXPECT_EQ(account.stored, account.settled + store_->total().records + total_records(losses_));
    const Level level = store_->total();
    store_.reset();
    const Result<StoreInspection> looked = inspect_store(directory());
    ASSERT_TRUE(looked) << looked.error().message();
    EXPECT_TRUE(looked->good()) << looked->file.problem;
    EXPECT_EQ(looked->records, level.records);
  }

  /// Runs the same work with the n-th call failing, n = 1, 2, ... until no call fails any more.
  void sweep(DiskFault fault, const std::function<void(const Account&)>& judge) {
    for (fault.nth = 1;; ++fault.nth) {
      ASSERT_LT(fault.nth, 1000);
      SCOPED_TRACE("call " + std::to_string(fault.nth));
      fs::remove_all(directory());
      disarm();
      open();
      Account account;
      use(account, 1, 4);
      arm(fault);
      use(account, 10, 8);
      const bool struck = has_struck();
      disarm();
      advance(31s);  // the store tries again
      use(account, 30, 3);
      judge(account);
      expect_closed_account(account);
      if (!struck || HasFailure()) return;
    }
  }

  std::vector<Loss> losses_;
};

TEST_F(StoreFault, OfAnyWriteLosesNothing) {
  sweep({DiskCall::write, 0, EIO, false, false}, [](const Account&) {});
  EXPECT_TRUE(losses_.empty());
}

TEST_F(StoreFault, OfAnyWriteThatIsCutShortLosesNothing) {
  sweep({DiskCall::write, 0, 0, false, true}, [](const Account&) {});
  EXPECT_TRUE(losses_.empty());
}

TEST_F(StoreFault, OfAnySyncSetsTheFileAsideAndLosesNothing) {
  int with_quarantine = 0;
  int rounds = 0;
  sweep({DiskCall::sync, 0, EIO, false, false}, [&](const Account& account) {
    ++rounds;
    with_quarantine += fs::exists(directory() + "/quarantine");
    EXPECT_EQ(account.refused, 0u);  // the rebuilt file took it
  });
  EXPECT_GT(rounds, 5);
  EXPECT_EQ(with_quarantine, rounds - 1);  // the last round had no fault
}

TEST_F(StoreFault, OfAllWritesIsAnErrorUntilTheDiskIsBack) {
  sweep({DiskCall::write, 0, EIO, true, false}, [](const Account&) {});
  EXPECT_TRUE(losses_.empty());
}

TEST_F(StoreFault, OfAllSyncsIsNeverReportedAsSuccess) {
  open();
  append_numbers(1, 3, 1000);
  arm({DiskCall::sync, 1, EIO, true, false});
  const Result<StoreKey> key = append(TestBatch{9, 1000});
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), ErrorCode::store_io);
  EXPECT_FALSE(store_->health().usable);
  EXPECT_EQ(store_->total().batches, 3u);  // what is on disk is still accounted for
  disarm();
  EXPECT_FALSE(append(TestBatch{9, 1000}));  // not before 30 s have passed
  advance(30s);
  EXPECT_TRUE(append(TestBatch{9, 1000}));
  EXPECT_TRUE(store_->health().usable);
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{1, 2, 3, 9}));
  EXPECT_TRUE(store_->take_losses().empty());
}

TEST_F(StoreFault, OfSpaceThatComesBackLosesOnlyWhatIsCounted) {
  sweep({DiskCall::write, 0, ENOSPC, false, false}, [](const Account&) {});
}

TEST_F(StoreFault, KeepsLeasesWhenTheFileIsRebuilt) {
  open();
  append_numbers(1, 3, 1000);
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  arm({DiskCall::sync, 1, EIO, false, false});
  ASSERT_TRUE(append(TestBatch{4, 1000}));
  ASSERT_TRUE(has_struck());
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{2, 3, 4}));
  ASSERT_TRUE(store_->settle((*leased)->key));
  EXPECT_EQ(store_->total().batches, 0u);
}

TEST_F(StoreFault, OfAFullDiskIsAnErrorAndEverythingIsBackWhenThereIsSpace) {
  const std::string mount = scratch_ / "mount";
  fs::create_directory(mount);
  if (::mount("none", mount.c_str(), "tmpfs", 0, "size=4m,mode=700") != 0)
    GTEST_SKIP() << "needs to mount a tmpfs";
  StoreOptions on_small_disk = options();
  on_small_disk.directory = mount + "/store";
  open(on_small_disk);
  std::uint64_t stored = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    append(TestBatch{i, 60000}) ? ++stored : ++refused;
    advance(1s);
  }
  EXPECT_GT(stored, 60u);
  std::vector<Loss> losses = store_->take_losses();
  EXPECT_EQ(stored, store_->total().batches + total_batches(losses));
  for (const Loss& loss : losses) EXPECT_EQ(loss.reason, LossReason::evicted_no_space);
  const std::uint64_t held = store_->total().batches;
  ASSERT_EQ(::mount("none", mount.c_str(), "tmpfs", MS_REMOUNT, "size=64m,mode=700"), 0);
  advance(31s);
  EXPECT_TRUE(append(TestBatch{1000, 60000}));
  EXPECT_EQ(store_->total().batches, held + 1);
  EXPECT_EQ(drain().size(), held + 1);
  store_.reset();
  EXPECT_EQ(::umount(mount.c_str()), 0);
}

/// Runs in a child, whose limits are its own; the value of `work` is its exit code.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void limit(decltype(RLIMIT_FSIZE) resource, rlim_t to) {
  rlimit both{};
  ::getrlimit(resource, &both);
  both.rlim_cur = to;
  ::setrlimit(resource, &both);
}

TEST_F(StoreFault, OfAFileSizeLimitNeverRaisesItsSignal) {
  EXPECT_EQ(in_child([&] {
              limit(RLIMIT_FSIZE, 2 << 20);
              Result<std::unique_ptr<Store>> opened = Store::open(options());
              if (!opened) return 1;
              store_ = std::move(*opened);
              if (store_->health().cap.count > (2u << 20)) return 2;
              for (std::uint64_t i = 1; i <= 100; ++i)
                if (!append(TestBatch{i, 60000})) return 3;
              const std::uint64_t lost = total_batches(store_->take_losses());
              return store_->total().batches + lost == 100 && lost > 0 ? 0 : 4;
            }),
            0);
}

TEST_F(StoreFault, OfAFileSizeLimitThatIsLoweredLaterNeverRaisesItsSignal) {
  EXPECT_EQ(in_child([&] {
              Result<std::unique_ptr<Store>> opened = Store::open(options());
              if (!opened) return 1;
              store_ = std::move(*opened);
              for (std::uint64_t i = 1; i <= 50; ++i)
                if (!append(TestBatch{i, 60000})) return 2;
              limit(RLIMIT_FSIZE, 1 << 20);
              if (append(TestBatch{51, 60000})) return 3;
              limit(RLIMIT_FSIZE, 5 << 20);
              advance(31s);
              std::uint64_t stored = 50;
              for (std::uint64_t i = 52; i <= 200; ++i)
                stored += append(TestBatch{i, 60000}).has_value();
              if (store_->total().batches + total_batches(store_->take_losses()) != stored)
                return 4;
              return fs::file_size(directory() + "/data.mdb") <= (5u << 20) ? 0 : 5;
            }),
            0);
}

TEST_F(StoreFault, OfATinyFileSizeLimitIsAnError) {
  EXPECT_EQ(in_child([&] {
              limit(RLIMIT_FSIZE, 4096);
              return Store::open(options()) ? 1 : 0;
            }),
            0);
}

TEST_F(StoreFault, OfAnAddressSpaceLimitMakesTheMapSmaller) {
#ifdef POSTHASTE_TEST_SANITIZED
  GTEST_SKIP() << "sanitizers take the address space";
#endif
  EXPECT_EQ(in_child([&] {
              limit(RLIMIT_AS, 200u << 20);
              Result<std::unique_ptr<Store>> opened = Store::open(options());
              if (!opened) return 1;
              store_ = std::move(*opened);
              if (store_->health().cap.count != (32u << 20)) return 2;
              for (std::uint64_t i = 1; i <= 50; ++i)
                if (!append(TestBatch{i, 60000})) return 3;
              return 0;
            }),
            0);
}

TEST_F(StoreFault, OfDescriptorsUsedUpIsAnError) {
  EXPECT_EQ(in_child([&] {
              limit(RLIMIT_NOFILE, 6);
              const Result<std::unique_ptr<Store>> opened = Store::open(options());
              if (opened) return 1;
              return opened.error().code() == ErrorCode::store_unavailable ? 0 : 2;
            }),
            0);
}

TEST_F(StoreFault, OfADirectoryRemovedWhileInUseIsCountedAndMended) {
  open();
  append_numbers(1, 10, 5000);
  const Level held = store_->total();
  fs::remove_all(directory());
  ASSERT_TRUE(store_->maintain());
  EXPECT_EQ(store_->take_losses(), (std::vector<Loss>{{LossReason::vanished, only_queue,
                                                       held.batches, held.records, held.bytes}}));
  append_numbers(20, 2, 5000);
  open();
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{20, 21}));
  EXPECT_TRUE(store_->take_losses().empty());
}

TEST_F(StoreFault, OfADataFileRemovedWhileInUseIsCountedAndMended) {
  open();
  append_numbers(1, 10, 5000);
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  fs::remove(directory() + "/data.mdb");
  const Result<StoreKey> key = append(TestBatch{20, 100});
  ASSERT_TRUE(key);
  EXPECT_GT(*key, (*leased)->key);  // a stale lease cannot settle a new batch
  EXPECT_TRUE(store_->settle((*leased)->key));
  EXPECT_EQ(total_batches(store_->take_losses()), 10u);
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{20}));
}

TEST_F(StoreFault, OfADataFileCutWhileInUseIsCountedAndMended) {
  open();
  append_numbers(1, 50, 5000);
  for (const std::uintmax_t size : {std::uintmax_t{4096 * 7}, std::uintmax_t{0}}) {
    const std::uint64_t held = store_->total().batches;
    fs::resize_file(directory() + "/data.mdb", size);
    const auto leased = store_->lease_oldest(only_queue);
    ASSERT_TRUE(leased);
    EXPECT_FALSE(*leased);
    EXPECT_EQ(total_batches(store_->take_losses()), held);
    append_numbers(100 + size, 3, 100);
  }
  EXPECT_EQ(store_->total().batches, 3u);
}

TEST_F(StoreFault, OfADataFileReplacedWhileInUseIsCountedAndMended) {
  open();
  append_numbers(1, 10, 5000);
  std::ofstream{scratch_ / "other"} << "not a store";
  fs::rename(scratch_ / "other", directory() + "/data.mdb");
  append_numbers(20, 1, 100);
  EXPECT_EQ(total_batches(store_->take_losses()), 10u);
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{20}));
}

TEST_F(StoreFault, OfADirectoryTakenBySomebodyElseIsAnErrorUntilItIsFree) {
  open();
  append_numbers(1, 2, 100);
  fs::remove_all(directory());
  Result<std::unique_ptr<Store>> other = Store::open(options());
  ASSERT_TRUE(other);
  EXPECT_FALSE(append(TestBatch{3, 100}));
  EXPECT_EQ(total_batches(store_->take_losses()), 2u);
  other->reset();
  advance(30s);
  EXPECT_TRUE(append(TestBatch{3, 100}));
}

TEST_F(StoreFault, KilledAtAnyMomentLosesNothingThatItAcknowledged) {
  std::uint64_t next = 1;
  std::uint64_t last_acknowledged = 0;
  for (int round = 0; round < 30; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Result<std::unique_ptr<Store>> opened = Store::open(options());
      if (!opened) ::_exit(1);
      store_ = std::move(*opened);
      for (std::uint64_t i = next;; ++i) {
        if (!append(TestBatch{i, i * 37 % 20000})) ::_exit(2);
        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) ::_exit(3);
      }
    }
    ::close(pipe_ends[1]);
    // Killed after a number of acknowledgements that differs from round to round; where in the
    // child's work that is, the scheduler decides.
    for (int count = 0; count < 3 + round % 7; ++count)
      ASSERT_EQ(::read(pipe_ends[0], &last_acknowledged, sizeof last_acknowledged),
                static_cast<ssize_t>(sizeof last_acknowledged));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(pipe_ends[0], &last_acknowledged, sizeof last_acknowledged) > 0) {
    }
    ::close(pipe_ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    open();
    EXPECT_TRUE(store_->take_losses().empty());
    for (std::uint64_t i = 1; i <= last_acknowledged; ++i)
      ASSERT_TRUE(store_->contains(only_queue, TestBatch(i, 0).header.origin)) << i;
    EXPECT_LE(store_->total().batches, last_acknowledged + 1);
    next = store_->total().batches + 1;
    store_.reset();
  }
  open();
  EXPECT_EQ(drain().size(), next - 1);
}

}  // namespace
}  // namespace posthaste::persistence

#include "persistence/store.h"
#include "persistence/store_format.h"
#include "persistence/store_inspection.h"
#include "persistence/store_verifier.h"
#include "runtime/base/crc32c.h"
#include "tests/persistence/store_fixture.h"
#include "tests/support/test_times.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <new>
#include <random>
#include <string_view>

namespace posthaste::persistence {
namespace {

namespace fs = std::filesystem;
using testing_support::times;

using Bytestring = std::vector<char>;
constexpr std::size_t page = 4096;

Bytestring read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const std::string& path, const Bytestring& bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc}.write(
      bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A store whose file has everything in it: leaves, branches, overflow runs, free lists.
class StoreDamage : public StoreFixture {
protected:
  static constexpr std::uint64_t appended = 150;
  static constexpr std::uint64_t settled = 30;

  void SetUp() override {
    open();
    for (std::uint64_t i = 1; i <= appended; ++i)
      ASSERT_TRUE(append(TestBatch{i, (i * 977) % 9000}));
    for (std::uint64_t i = 0; i < settled; ++i) {
      const auto leased = store_->lease_oldest(only_queue);
      ASSERT_TRUE(leased && *leased);
      ASSERT_TRUE(store_->settle((*leased)->key));
    }
    held_ = store_->total();
    store_.reset();
    data_ = read_file(data_file());
    ledger_ = read_file(directory() + "/ledger");
  }

  std::string data_file() const { return directory() + "/data.mdb"; }

  struct Damage {
    Bytestring bytes;
    std::string what;
  };
  using MakeDamage = std::function<Damage(unsigned)>;

  /// Uses the store with each damage in turn, in a child, so that a crash or a hang is a result; a
  /// new child goes on behind it. The law: what is there and what was lost is what was stored.
  void expect_harmless(unsigned count, const MakeDamage& make) {
    void* const shared = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    Progress& progress = *new (shared) Progress;
    for (; progress.damage < count; ++progress.damage) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) ::_exit(use_all(progress, count, make));
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
      ADD_FAILURE() << make(progress.damage).what << ": "
                    << (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                            : "step " + std::to_string(WEXITSTATUS(status)));
    }
    ::munmap(shared, sizeof(Progress));
  }
  void expect_harmless(const Bytestring& damaged, const std::string& what) {
    expect_harmless(1, [&](unsigned) { return Damage{damaged, what}; });
  }

  struct Progress {
    unsigned damage = 0;
  };

  int use_all(Progress& progress, unsigned count, const MakeDamage& make) {
    for (; progress.damage < count; ++progress.damage) {
      ::alarm(30);
      fs::remove_all(directory() + "/quarantine");
      fs::remove_all(directory() + "/store-v1");
      write_file(data_file(), make(progress.damage).bytes);
      write_file(directory() + "/ledger", ledger_);
      if (const int step = use_damaged_store(); step != 0) return step;
    }
    return 0;
  }

  int use_damaged_store() {
    Result<std::unique_ptr<Store>> opened = Store::open(options());
    if (!opened) return 1;
    store_ = std::move(*opened);
    std::vector<Loss> losses = store_->take_losses();
    const std::uint64_t found = store_->total().records;
    if (found + total_records(losses) != held_.records) return 2;
    // Corrupt contents show when they are read.
    std::uint64_t read_records = 0;
    std::uint64_t bound = 1000;
    for (;; --bound) {
      const auto leased = store_->lease_oldest(only_queue);
      if (!leased || bound == 0) return 3;
      if (!*leased) break;
      const TestBatch expected{number_of((*leased)->header), (*leased)->body.size()};
      if ((*leased)->body != expected.body || (*leased)->user != expected.user) return 4;
      read_records += (*leased)->header.records;
    }
    losses = store_->take_losses();
    if (read_records + total_records(losses) != found) return 5;
    for (std::uint64_t i = 2000; i < 2012; ++i)
      if (!append(TestBatch{i, (i - 2000) * 1000})) return 6;
    if (!store_->maintain()) return 7;
    store_.reset();
    const Result<StoreInspection> looked = inspect_store(directory());
    return looked && looked->good() ? 0 : 8;
  }

  std::size_t pages() const { return data_.size() / page; }

  static Bytestring::iterator page_of(Bytestring& bytes, std::size_t number) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(number * page);
  }

  static void flip_bit(Damage& damage, std::size_t at, unsigned long bit) {
    damage.bytes[at] = static_cast<char>(damage.bytes[at] ^ (1 << (bit % 8)));
    damage.what += "bit in byte " + std::to_string(at) + " ";
  }

  Level held_;
  Bytestring data_;
  Bytestring ledger_;
};

TEST_F(StoreDamage, IsFoundSoundWhenThereIsNone) {
  expect_harmless(data_, "no damage");
}

TEST_F(StoreDamage, OfOneBitAnywhereIsHarmless) {
  expect_harmless(times(150), [&](unsigned seed) {
    std::mt19937 random{1100 + seed};
    Damage damage{data_, {}};
    const auto bit = random();
    flip_bit(damage, random() % data_.size(), bit);
    return damage;
  });
}

TEST_F(StoreDamage, OfOneBitInThePagesHeadersIsHarmless) {
  expect_harmless(times(150), [&](unsigned seed) {
    std::mt19937 random{1300 + seed};
    Damage damage{data_, {}};
    const auto bit = random();
    const auto in_header = random() % 64;
    flip_bit(damage, random() % pages() * page + in_header, bit);
    return damage;
  });
}

TEST_F(StoreDamage, OfTheMetaPagesIsHarmless) {
  expect_harmless(times(80), [&](unsigned seed) {
    std::mt19937 random{1500 + seed};
    Damage damage{data_, {}};
    for (std::size_t meta = 0; meta <= seed % 2; ++meta) {
      const auto bit = random();
      flip_bit(damage, meta * page + random() % 160, bit);
    }
    return damage;
  });
}

TEST_F(StoreDamage, OfAZeroedPageIsHarmless) {
  expect_harmless(times(60), [&](unsigned seed) {
    const std::size_t at = seed < 30 ? seed : seed * 7919 % pages();
    Damage damage{data_, "zeroed page " + std::to_string(at)};
    std::fill_n(page_of(damage.bytes, at), page, '\0');
    return damage;
  });
}

TEST_F(StoreDamage, OfAMisplacedPageIsHarmless) {
  expect_harmless(times(60), [&](unsigned seed) {
    std::mt19937 random{1600 + seed};
    const std::size_t from = random() % pages();
    const std::size_t to = random() % pages();
    Damage damage{data_, "page " + std::to_string(from) + " at " + std::to_string(to)};
    std::copy_n(page_of(data_, from), page, page_of(damage.bytes, to));
    if (seed % 2 == 0)  // it claims to be the one that it replaces
      std::copy_n(page_of(data_, to), 8, page_of(damage.bytes, to));
    return damage;
  });
}

TEST_F(StoreDamage, OfTwoSwappedPagesIsHarmless) {
  expect_harmless(times(30), [&](unsigned seed) {
    std::mt19937 random{1700 + seed};
    const std::size_t a = random() % pages();
    const std::size_t b = random() % pages();
    Damage damage{data_, "swapped " + std::to_string(a) + " and " + std::to_string(b)};
    std::swap_ranges(page_of(damage.bytes, a), page_of(damage.bytes, a + 1),
                     page_of(damage.bytes, b));
    return damage;
  });
}

TEST_F(StoreDamage, OfRandomBytesInAPageIsHarmless) {
  expect_harmless(times(40), [&](unsigned seed) {
    std::mt19937 random{1800 + seed};
    const std::size_t at = random() % pages();
    Damage damage{data_, "random page " + std::to_string(at)};
    std::generate_n(page_of(damage.bytes, at), page, [&] { return static_cast<char>(random()); });
    return damage;
  });
}

TEST_F(StoreDamage, OfACutFileIsHarmless) {
  expect_harmless(times(60), [&](unsigned seed) {
    std::mt19937 random{1900 + seed};
    Damage damage{data_, {}};
    damage.bytes.resize(seed % 2 == 0 ? random() % data_.size() : random() % pages() * page);
    damage.what = "cut to " + std::to_string(damage.bytes.size());
    return damage;
  });
}

TEST_F(StoreDamage, OfAnEmptyOrGarbageFileIsHarmless) {
  expect_harmless({}, "0 bytes");
  expect_harmless(Bytestring(100, 'x'), "100 bytes");
  expect_harmless(Bytestring(100000, 'x'), "garbage");
}

TEST_F(StoreDamage, OfALockFileOrAStrayDirectoryIsHarmless) {
  write_file(directory() + "/lock.mdb", Bytestring(3000, 'g'));
  write_file(directory() + "/quarantine", Bytestring(10, 'q'));
  write_file(directory() + "/rebuild", Bytestring(10, 'r'));
  expect_harmless(data_, "garbage beside the file");
  expect_harmless(Bytestring(100000, 'x'), "garbage beside garbage");
}

TEST_F(StoreDamage, OfTheFileIsCountedByTheLedgerAndTheFileIsKeptAside) {
  Bytestring damaged = data_;
  damaged.resize(damaged.size() / 2);
  write_file(data_file(), damaged);
  open();
  const std::vector<Loss> losses = store_->take_losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0],
            (Loss{LossReason::quarantined, only_queue, held_.batches, held_.records, held_.bytes}));
  std::size_t kept = 0;
  for (const auto& entry : fs::recursive_directory_iterator{directory() + "/quarantine"})
    if (entry.is_regular_file()) kept += entry.file_size();
  EXPECT_EQ(kept, damaged.size());
}

TEST_F(StoreDamage, OfFileAndLedgerIsCountedInBatches) {
  Bytestring damaged = data_;
  damaged.resize(damaged.size() / 2);
  write_file(data_file(), damaged);
  fs::remove(directory() + "/ledger");
  open();
  const std::vector<Loss> losses = store_->take_losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].batches, held_.batches);
}

TEST_F(StoreDamage, KeepsOneQuarantinedFileAtMost) {
  for (int i = 0; i < 3; ++i) {
    write_file(data_file(), Bytestring(50000, 'x'));
    advance(std::chrono::seconds{1});
    open();
    store_.reset();
  }
  EXPECT_EQ(std::distance(fs::directory_iterator{directory() + "/quarantine"}, {}), 1);
}

TEST_F(StoreDamage, KeepsAtMost16MiBOfAQuarantinedFile) {
  write_file(data_file(), Bytestring(20 << 20, 'x'));
  open();
  std::uintmax_t kept = 0;
  for (const auto& entry : fs::recursive_directory_iterator{directory() + "/quarantine"})
    if (entry.is_regular_file()) kept += entry.file_size();
  EXPECT_EQ(kept, std::uintmax_t{16} << 20);
}

TEST_F(StoreDamage, CountsAFileThatWasRemovedWhileNobodyLooked) {
  fs::remove(data_file());
  open();
  EXPECT_EQ(store_->take_losses(),
            (std::vector<Loss>{
                {LossReason::vanished, only_queue, held_.batches, held_.records, held_.bytes}}));
  open();
  EXPECT_TRUE(store_->take_losses().empty());
}

TEST_F(StoreDamage, LeavesAFileOfAnotherLmdbVersionAlone) {
  Bytestring other = data_;
  for (const std::size_t meta : {std::size_t{0}, page}) other[meta + 20] = 2;
  write_file(data_file(), other);
  open();
  append_numbers(5000, 3, 100);
  open();
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{5000, 5001, 5002}));
  EXPECT_EQ(read_file(data_file()), other);
  EXPECT_TRUE(fs::exists(directory() + "/store-v1/data.mdb"));
}

/// All copies of the store header in the file, old pages included.
std::vector<std::size_t> store_headers(const Bytestring& bytes) {
  const std::string_view whole{bytes.data(), bytes.size()};
  const std::string_view magic{"PHSTORE", 8};
  std::vector<std::size_t> found;
  for (std::size_t at = whole.find(magic); at != whole.npos; at = whole.find(magic, at + 1))
    found.push_back(at);
  return found;
}

TEST_F(StoreDamage, LeavesAStoreOfAnotherSchemaAlone) {
  Bytestring other = data_;
  for (const std::size_t at : store_headers(other)) {
    other[at + 8] = 2;
    const std::span<const char> checked{other.data() + at, store_header_bytes - 4};
    const std::uint32_t check = crc32c(std::as_bytes(checked));
    std::memcpy(other.data() + at + store_header_bytes - 4, &check, sizeof check);
  }
  write_file(data_file(), other);
  open();
  EXPECT_EQ(store_->total().batches, 0u);
  EXPECT_TRUE(store_->take_losses().empty());
  append_numbers(5000, 2, 100);
  open();
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{5000, 5001}));
  EXPECT_EQ(read_file(data_file()), other);
  store_.reset();
  StoreOptions existing = options();
  existing.create = false;
  Result<std::unique_ptr<Store>> adopted = Store::open(existing);
  ASSERT_TRUE(adopted);
  Store::remove(std::move(*adopted));
  EXPECT_EQ(read_file(data_file()), other);  // not ours to delete
}

TEST_F(StoreDamage, OfTheStoreHeaderAloneCostsNothing) {
  Bytestring damaged = data_;
  for (const std::size_t at : store_headers(damaged)) damaged[at + 30] ^= 0x10;
  write_file(data_file(), damaged);
  open();
  EXPECT_TRUE(store_->take_losses().empty());
  EXPECT_EQ(store_->total(), held_);
  const Result<StoreKey> key = append(TestBatch{5000, 10});
  ASSERT_TRUE(key);
  EXPECT_EQ(store_->index().entries().rbegin()->first, *key);
  EXPECT_EQ(drain().size(), held_.batches + 1);
}

TEST_F(StoreDamage, NoticesAFileThatWentBackInTime) {
  const Bytestring before = data_;
  open();
  append_numbers(3000, 2, 100);
  const Level now = store_->total();
  store_.reset();
  write_file(data_file(), before);
  open();
  const std::vector<Loss> losses = store_->take_losses();
  EXPECT_EQ(total_batches(losses), 2u);
  EXPECT_EQ(store_->total().records + total_records(losses), now.records);
}

TEST_F(StoreDamage, ThatBringsThePreviousStateBackBringsNoSettledBatchBack) {
  const auto number_of_meta = [](std::size_t meta) { return meta * page + 144; };
  const auto number = [&](std::size_t meta) {
    std::uint64_t value = 0;
    std::memcpy(&value, data_.data() + number_of_meta(meta), sizeof value);
    return value;
  };
  const std::size_t newest = number(0) > number(1) ? 0 : 1;
  const std::uint64_t older = number(newest) - 2;  // it says now that the other one is the newest
  Bytestring damaged = data_;
  std::memcpy(damaged.data() + number_of_meta(newest), &older, sizeof older);
  write_file(data_file(), damaged);
  open();
  EXPECT_TRUE(store_->take_losses().empty());
  EXPECT_EQ(store_->total(), held_);
  EXPECT_EQ(drain().size(), held_.batches);
}

TEST_F(StoreDamage, IsReportedByTheInspectorWithoutBeingMended) {
  Bytestring damaged = data_;
  damaged[damaged.size() - page - 100] ^= 1;
  write_file(data_file(), damaged);
  std::uint64_t visited = 0;
  const Result<StoreInspection> looked =
      inspect_store(directory(), [&](StoreKey, const BatchHeader&, bool) { ++visited; });
  ASSERT_TRUE(looked);
  EXPECT_EQ(looked->file.state, FileState::sound);
  EXPECT_EQ(visited, held_.batches);
  EXPECT_EQ(looked->records, held_.records);
  EXPECT_EQ(read_file(data_file()), damaged);
}

TEST_F(StoreDamage, LocksTheInspectorOutWhileTheStoreIsOpen) {
  open();
  const Result<StoreInspection> looked = inspect_store(directory());
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().code(), ErrorCode::store_locked);
}

}  // namespace
}  // namespace posthaste::persistence

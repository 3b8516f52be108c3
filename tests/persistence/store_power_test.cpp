/// What a loss of power leaves of a store: all that was synced, and of the rest any pages, in any combination. What
/// was acknowledged as stored must be there, what was acknowledged as settled must not come back.

#include "persistence/store.h"
#include "persistence/store_inspection.h"
#include "tests/persistence/disk_faults.h"
#include "tests/persistence/store_fixture.h"
#include "tests/support/test_times.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

namespace posthaste::persistence {
namespace {

using Image = std::vector<char>;

class StorePower : public StoreFixture {
protected:
  /// What was promised when so many acts had been done.
  struct Promise {
    std::size_t acts = 0;
    std::uint64_t number = 0;
    bool settled = false;
  };

  std::string data_file() const { return directory() + "/data.mdb"; }

  /// A store in use, all its writes written down.
  void SetUp() override {
    open();
    append_numbers(1, 20, 3000);
    std::ifstream in{data_file(), std::ios::binary};
    before_.assign(std::istreambuf_iterator<char>{in}, {});
    struct stat facts {};
    ASSERT_EQ(::stat(data_file().c_str(), &facts), 0);
    write_down(&acts_);
    for (std::uint64_t i = 21; i <= 80; ++i) {
      ASSERT_TRUE(append(TestBatch{i, i * 1237 % 20000}));
      promises_.push_back({acts_.size(), i, false});
      if (i % 3 == 0) settle_oldest();
    }
    write_down(nullptr);
    store_.reset();
    file_ = facts.st_ino;
  }

  void settle_oldest() {
    const auto leased = store_->lease_oldest(only_queue);
    ASSERT_TRUE(leased && *leased);
    begun_.insert(number_of((*leased)->header));
    ASSERT_TRUE(store_->settle((*leased)->key));
    promises_.push_back({acts_.size(), number_of((*leased)->header), true});
  }

  static void put(Image& image, std::size_t offset, std::span<const char> bytes) {
    image.resize(std::max(image.size(), offset + bytes.size()));
    std::ranges::copy(bytes, image.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  /// The power goes after `count` acts; `unit` bytes are written whole or not at all.
  Image image_after(std::size_t count, std::size_t unit, std::mt19937& random) const {
    Image image = before_;
    std::vector<const DiskAct*> unsynced;
    const auto put_all = [&] {
      for (const DiskAct* act : unsynced)
        put(image, static_cast<std::size_t>(act->offset), act->bytes);
      unsynced.clear();
    };
    for (std::size_t i = 0; i < count; ++i) {
      if (acts_[i].file != file_) continue;
      if (acts_[i].bytes.empty()) {
        put_all();
      } else if (acts_[i].synced) {
        put(image, static_cast<std::size_t>(acts_[i].offset), acts_[i].bytes);
      } else {
        unsynced.push_back(&acts_[i]);
      }
    }
    for (const DiskAct* act : unsynced) {
      const std::span<const char> bytes{act->bytes};
      for (std::size_t at = 0; at < bytes.size(); at += unit) {
        const auto part = bytes.subspan(at, std::min(unit, bytes.size() - at));
        if (random() % 2 == 0) put(image, static_cast<std::size_t>(act->offset) + at, part);
      }
    }
    return image;
  }

  void expect_promises_kept(std::size_t count) {
    for (const Promise& promise : promises_) {
      if (promise.acts > count) break;
      const bool there = store_->contains(only_queue, TestBatch(promise.number, 0).header.origin);
      if (promise.settled) {
        EXPECT_FALSE(there) << promise.number << " was settled";
      } else if (!begun_.contains(promise.number)) {
        EXPECT_TRUE(there) << promise.number << " was stored";
      }
    }
  }

  Image before_;
  ino_t file_ = 0;  // of data.mdb; the ledger beside it is never synced
  std::vector<DiskAct> acts_;
  std::vector<Promise> promises_;
  std::set<std::uint64_t> begun_;  // their settling was asked for at some time
};

TEST_F(StorePower, LostAtAnyMomentLeavesAllThatWasPromised) {
  ASSERT_GT(acts_.size(), 200u);
  for (unsigned seed = 0; seed < testing_support::times(60) && !HasFailure(); ++seed) {
    std::mt19937 random{2100 + seed};
    const std::size_t count = random() % (acts_.size() + 1);
    const std::size_t unit = seed % 2 == 0 ? 4096 : 512;
    SCOPED_TRACE("after " + std::to_string(count) + " acts, units of " + std::to_string(unit));
    const Image image = image_after(count, unit, random);
    std::filesystem::remove_all(directory());
    std::filesystem::create_directory(directory());
    std::filesystem::permissions(directory(), std::filesystem::perms::owner_all);
    std::ofstream{data_file(), std::ios::binary}.write(image.data(),
                                                       static_cast<std::streamsize>(image.size()));
    std::filesystem::permissions(data_file(), std::filesystem::perms{0600});
    open();
    EXPECT_TRUE(store_->take_losses().empty());
    EXPECT_FALSE(std::filesystem::exists(directory() + "/quarantine"));
    expect_promises_kept(count);
    append_numbers(5000, 3, 5000);
    const Level level = store_->total();
    EXPECT_EQ(drain().size(), level.batches);
    store_.reset();
    const Result<StoreInspection> looked = inspect_store(directory());
    EXPECT_TRUE(looked && looked->good());
  }
}

}  // namespace
}  // namespace posthaste::persistence

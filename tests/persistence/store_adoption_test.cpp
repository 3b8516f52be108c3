#include "persistence/adoption.h"

#include "persistence/store_format.h"
#include "tests/persistence/store_fixture.h"

#include <filesystem>

namespace posthaste::persistence {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class StoreAdoption : public StoreFixture {
protected:
  StoreOptions orphan_options() {
    StoreOptions result = options();
    result.directory = scratch_ / "orphan";
    return result;
  }
  /// Leaves a store behind, as a process that died would.
  void leave_orphan(std::uint64_t first, std::uint64_t count, std::size_t size) {
    open(orphan_options());
    append_numbers(first, count, size);
    store_.reset();
  }
  std::unique_ptr<Store> open_orphan() {
    StoreOptions existing = orphan_options();
    existing.create = false;
    Result<std::unique_ptr<Store>> opened = Store::open(existing);
    EXPECT_TRUE(opened);
    return opened ? std::move(*opened) : nullptr;
  }
  std::uint64_t adopt_all(Store& from) {
    std::uint64_t moved = 0;
    for (;;) {
      const Result<Adoption> step = adopt(*store_, from);
      EXPECT_TRUE(step) << step.error().message();
      if (!step || step->finished) return moved;
      moved += step->batches;
    }
  }
};

TEST_F(StoreAdoption, FindsStoresThatNobodyOwns) {
  leave_orphan(1, 1, 10);
  fs::create_directory(scratch_ / "something-else");
  open();
  EXPECT_EQ(Store::orphans(scratch_.path()), (std::vector<std::string>{scratch_ / "orphan"}));
  const std::unique_ptr<Store> taken = open_orphan();
  EXPECT_TRUE(Store::orphans(scratch_.path()).empty());
}

TEST_F(StoreAdoption, MovesEverythingAndKeepsHeaders) {
  leave_orphan(1, 100, 30000);
  const CreationTime created{clock_.wall(), boot_};
  advance(1h);
  open();
  std::unique_ptr<Store> orphan = open_orphan();
  EXPECT_EQ(adopt_all(*orphan), 100u);
  EXPECT_EQ(orphan->total().batches, 0u);
  Store::remove(std::move(orphan));
  EXPECT_FALSE(fs::exists(scratch_ / "orphan"));
  const auto first = store_->lease_oldest(only_queue);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->header.created, created);
  store_->release((*first)->key, Attempt::not_counted);
  EXPECT_EQ(drain().size(), 100u);
}

TEST_F(StoreAdoption, StoresWhatWasCopiedButNotDeletedOnce) {
  leave_orphan(1, 10, 1000);
  open();
  append_numbers(1, 4, 1000);  // the copies of an adopter that died in between
  std::unique_ptr<Store> orphan = open_orphan();
  adopt_all(*orphan);
  EXPECT_EQ(store_->total().batches, 10u);
  EXPECT_TRUE(store_->take_losses().empty());
}

TEST_F(StoreAdoption, EvictsTheOrphansOldestAndNothingOfItsOwn) {
  leave_orphan(1, 100, 4080);
  StoreOptions small = options();
  small.cap = Bytes{150 * charge_of(4080 + 4)};
  open(small);
  append_numbers(1001, 80, 4080);
  std::unique_ptr<Store> orphan = open_orphan();
  adopt_all(*orphan);
  const std::vector<Loss> losses = store_->take_losses();
  EXPECT_EQ(store_->total().batches + total_batches(losses), 180u);
  const std::vector<std::uint64_t> held = drain();
  EXPECT_EQ(std::count_if(held.begin(), held.end(), [](auto n) { return n > 1000; }), 80);
  EXPECT_EQ(held.back(), 100u);
}

TEST_F(StoreAdoption, CountsWhatExpiredInTheOrphan) {
  leave_orphan(1, 10, 1000);
  advance(48h);
  open();
  std::unique_ptr<Store> orphan = open_orphan();
  EXPECT_EQ(adopt_all(*orphan), 0u);
  const std::vector<Loss> losses = store_->take_losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].reason, LossReason::expired);
  EXPECT_EQ(losses[0].batches, 10u);
}

}  // namespace
}  // namespace posthaste::persistence

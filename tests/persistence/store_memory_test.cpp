#include "persistence/store.h"
#include "persistence/store_inspection.h"
#include "tests/persistence/failing_allocator.h"
#include "tests/persistence/store_fixture.h"

namespace posthaste::persistence {
namespace {

using StoreMemory = StoreFixture;

TEST_F(StoreMemory, RunningOutInAnyAllocationOfAnOperationIsAnErrorAndLosesNothing) {
  StoreOptions small = options();
  small.cap = Bytes{100 * 1024};
  open(small);
  std::uint64_t stored = 0;
  std::uint64_t settled = 0;
  std::uint64_t failures = 0;
  bool failed = true;
  for (long n = 0; failed; ++n) {
    ASSERT_LT(n, 5000);
    failed = false;
    const auto with_failure = [&](auto&& operation) {
      fail_allocation(n);
      const bool ok = operation();
      failed |= stop_failing();
      failures += !ok;
      return ok;
    };
    const TestBatch batch{static_cast<std::uint64_t>(n) + 1, 9000};
    const NewBatch arriving = batch.as_new();
    const auto number = batch.header.origin;
    with_failure([&] { return store_->append({&arriving, 1}).has_value(); });
    // An error says nothing about whether it was stored; the identity does.
    ASSERT_TRUE(store_->maintain());
    if (!store_->contains(only_queue, number)) {
      ASSERT_TRUE(store_->append({&arriving, 1}));
    }
    stored += batch.header.records;
    std::optional<StoredBatch> leased;
    with_failure([&] {
      auto result = store_->lease_oldest(only_queue);
      if (result) leased = std::move(*result);
      return result.has_value();
    });
    if (!leased) continue;
    if (n % 2 == 0) {
      with_failure([&] { return store_->settle(leased->key).has_value(); });
      ASSERT_TRUE(store_->settle(leased->key));
      settled += leased->header.records;
    } else {
      store_->release(leased->key, Attempt::counted);
    }
  }
  EXPECT_GT(failures, 20u);
  const std::uint64_t lost = total_records(store_->take_losses());
  EXPECT_EQ(stored, settled + store_->total().records + lost);
  store_.reset();
  const Result<StoreInspection> looked = inspect_store(directory());
  ASSERT_TRUE(looked);
  EXPECT_TRUE(looked->good()) << looked->file.problem;
}

TEST_F(StoreMemory, RunningOutKeepsLeasesAndAttempts) {
  open();
  append_numbers(1, 3, 100);
  const auto tried = store_->lease_oldest(only_queue);
  ASSERT_TRUE(tried && *tried);
  store_->release((*tried)->key, Attempt::counted);
  const auto leased = store_->lease_oldest(only_queue);
  ASSERT_TRUE(leased && *leased);
  const TestBatch batch{4, 100};
  const NewBatch arriving = batch.as_new();
  fail_allocation(0);
  EXPECT_FALSE(store_->append({&arriving, 1}));
  ASSERT_TRUE(stop_failing());
  ASSERT_TRUE(store_->append({&arriving, 1}));
  EXPECT_EQ(drain(), (std::vector<std::uint64_t>{2, 3, 4}));
  store_->release((*leased)->key, Attempt::not_counted);
  const auto again = store_->lease_oldest(only_queue);
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->header.attempts, 1u);
}

TEST_F(StoreMemory, RunningOutInAnyAllocationOfOpeningIsAnError) {
  open();
  append_numbers(1, 20, 3000);
  store_.reset();
  bool failed = true;
  for (long n = 0; failed; ++n) {
    ASSERT_LT(n, 5000);
    StoreOptions with = options();
    fail_allocation(n);
    Result<std::unique_ptr<Store>> opened = Store::open(std::move(with));
    failed = stop_failing();
    EXPECT_TRUE(failed || opened);
    if (opened) {
      EXPECT_TRUE((*opened)->take_losses().empty());
      EXPECT_EQ((*opened)->total().batches, 20u);
    }
  }
}

}  // namespace
}  // namespace posthaste::persistence

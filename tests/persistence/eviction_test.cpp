#include "persistence/eviction.h"

#include <gtest/gtest.h>

namespace posthaste::persistence {
namespace {

constexpr QueueId a{1};
constexpr QueueId b{2};

class Eviction : public ::testing::Test {
protected:
  void store(std::uint64_t key, QueueId queue, std::uint64_t charge, bool leased = false) {
    IndexEntry entry;
    entry.identity = {queue, {{}, key, key + 1}};
    entry.charge = charge;
    entry.leased = leased;
    index_.insert(StoreKey{key}, entry);
  }
  std::optional<std::vector<StoreKey>> plan(std::vector<Arrival> arrivals,
                                            std::optional<StoreKey> leaving = {}) {
    return plan_eviction(index_, caps_, arrivals, leaving);
  }
  static std::vector<StoreKey> keys(std::initializer_list<std::uint64_t> numbers) {
    std::vector<StoreKey> result;
    for (const std::uint64_t number : numbers) result.push_back(StoreKey{number});
    return result;
  }

  StoreIndex index_;
  StoreCaps caps_{Bytes{100}, {}};
};

TEST_F(Eviction, TouchesNothingWhileThereIsRoom) {
  store(1, a, 60);
  EXPECT_EQ(plan({{a, 40}}), keys({}));
}

TEST_F(Eviction, TakesTheOldestFirstAndNoMoreThanNeeded) {
  store(1, a, 30);
  store(2, a, 30);
  store(3, a, 30);
  EXPECT_EQ(plan({{a, 20}}), keys({1}));
  EXPECT_EQ(plan({{a, 41}}), keys({1, 2}));
}

TEST_F(Eviction, TakesFromTheQueueThatHoldsMost) {
  store(1, b, 20);
  store(2, a, 40);
  store(3, a, 40);
  EXPECT_EQ(plan({{b, 20}}), keys({2}));
}

TEST_F(Eviction, KeepsAQueueBelowItsOwnCapAtItsOwnCost) {
  caps_.queues[b] = Bytes{30};
  store(1, a, 20);
  store(2, b, 30);
  EXPECT_EQ(plan({{b, 10}}), keys({2}));
}

TEST_F(Eviction, SparesWhatIsLeased) {
  store(1, a, 50, true);
  store(2, a, 50);
  EXPECT_EQ(plan({{a, 50}}), keys({2}));
  EXPECT_EQ(plan({{a, 51}}), std::nullopt);
}

TEST_F(Eviction, RefusesWhatIsLargerThanTheCapWithoutTouchingAnything) {
  store(1, a, 50);
  EXPECT_EQ(plan({{a, 101}}), std::nullopt);
}

TEST_F(Eviction, UsesTheRoomOfTheOneThatLeavesAnyway) {
  store(1, a, 60);
  store(2, a, 40);
  EXPECT_EQ(plan({{a, 60}}, StoreKey{1}), keys({}));
  EXPECT_EQ(plan({{a, 61}}, StoreKey{1}), keys({2}));
}

}  // namespace
}  // namespace posthaste::persistence

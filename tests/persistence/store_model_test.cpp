#include "persistence/adoption.h"
#include "persistence/store.h"
#include "persistence/store_format.h"
#include "persistence/store_inspection.h"
#include "tests/persistence/store_fixture.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

namespace posthaste::persistence {
namespace {

using namespace std::chrono_literals;

/// What a store of a few queues must hold, by the simplest means.
class Model {
public:
  struct Entry {
    std::uint64_t number;
    std::size_t size;
    std::uint64_t charge;
    std::uint32_t records;
    std::uint32_t attempts = 0;
    std::chrono::nanoseconds created;
    bool leased = false;
  };
  std::map<QueueId, std::deque<Entry>> queues;

  Entry* find(QueueId queue, std::uint64_t number) {
    for (Entry& entry : queues[queue])
      if (entry.number == number) return &entry;
    return nullptr;
  }
  void erase(QueueId queue, std::uint64_t number) {
    std::erase_if(queues[queue], [&](const Entry& entry) { return entry.number == number; });
  }
  std::uint64_t charged() const {
    std::uint64_t sum = 0;
    for (const auto& [id, queue] : queues) sum += charged(queue);
    return sum;
  }
  static std::uint64_t charged(const std::deque<Entry>& queue) {
    std::uint64_t sum = 0;
    for (const Entry& entry : queue) sum += entry.charge;
    return sum;
  }
};

class StoreModel : public StoreFixture, public ::testing::WithParamInterface<unsigned> {
protected:
  static constexpr std::uint64_t cap = 600 * 1024;

  void SetUp() override {
    random_.seed(GetParam());
    reopen();
  }

  void reopen() {
    StoreOptions with = options();
    with.cap = Bytes{cap};
    open(with);
    if (store_ == nullptr) return;
    for (auto& [id, queue] : model_.queues)
      for (Model::Entry& entry : queue) entry.leased = false;
  }

  std::uint64_t any(std::uint64_t below) { return random_() % below; }
  QueueId any_queue() { return {1 + any(3)}; }

  std::size_t any_size() {
    switch (any(4)) {
      case 0: return any(100);
      case 1: return 2000 + any(100);
      case 2: return 4096 * (1 + any(4)) - 16;
      default: return any(30000);
    }
  }

  // The rule of eviction.h, written once more.
  void model_evict(QueueId arriving, std::uint64_t charge) {
    const auto held = [&](QueueId id) {
      return Model::charged(model_.queues[id]) + (id == arriving ? charge : 0);
    };
    while (model_.charged() + charge > cap) {
      std::vector<std::pair<std::uint64_t, QueueId>> sizes;
      for (const auto& [id, queue] : model_.queues) sizes.emplace_back(held(id), id);
      if (!model_.queues.contains(arriving)) sizes.emplace_back(charge, arriving);
      std::sort(sizes.rbegin(), sizes.rend());
      bool evicted = false;
      for (const auto& [size, id] : sizes) {
        auto& queue = model_.queues[id];
        const auto oldest = std::find_if(queue.begin(), queue.end(),
                                         [](const Model::Entry& e) { return !e.leased; });
        if (oldest == queue.end()) continue;
        expect_loss(LossReason::evicted_size, id, *oldest);
        queue.erase(oldest);
        evicted = true;
        break;
      }
      ASSERT_TRUE(evicted);
    }
  }

  void expect_loss(LossReason reason, QueueId queue, const Model::Entry& entry) {
    add_loss(expected_losses_, {reason, queue, 1, entry.records, entry.size + entry.number % 5});
  }

  void do_append() {
    const QueueId queue = any_queue();
    TestBatch batch{++last_number_, any_size(), queue};
    const std::uint64_t charge = charge_of(batch.body.size() + batch.user.size());
    model_evict(queue, charge);
    model_.queues[queue].push_back(
        {last_number_, batch.body.size(), charge, batch.header.records, 0, boot_.since_boot});
    ASSERT_TRUE(append(batch));
  }

  void do_append_again() {
    const QueueId queue = any_queue();
    if (model_.queues[queue].empty()) return;
    const Model::Entry& entry = model_.queues[queue][any(model_.queues[queue].size())];
    ASSERT_TRUE(append(TestBatch{entry.number, entry.size, queue}));
  }

  void do_lease() {
    const QueueId queue = any_queue();
    auto& entries = model_.queues[queue];
    for (auto at = entries.begin();
         at != entries.end() && !at->leased && boot_.since_boot - at->created > default_max_age;) {
      expect_loss(LossReason::expired, queue, *at);
      at = entries.erase(at);
    }
    const auto expected = std::find_if(entries.begin(), entries.end(),
                                       [](const Model::Entry& e) { return !e.leased; });
    const auto leased = store_->lease_oldest(queue);
    ASSERT_TRUE(leased) << leased.error().message();
    ASSERT_EQ(leased->has_value(), expected != entries.end());
    if (!*leased) return;
    const TestBatch batch{expected->number, expected->size, queue};
    EXPECT_EQ(number_of((*leased)->header), expected->number);
    EXPECT_EQ((*leased)->body, batch.body);
    EXPECT_EQ((*leased)->header.attempts, expected->attempts);
    expected->leased = true;
    leases_[(*leased)->key] = {queue, expected->number};
  }

  void with_lease(const std::function<void(StoreKey, QueueId, Model::Entry&)>& act) {
    if (leases_.empty()) return;
    auto at = leases_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(any(leases_.size())));
    const auto [key, place] = *at;
    leases_.erase(at);
    Model::Entry* entry = model_.find(place.first, place.second);
    ASSERT_NE(entry, nullptr);
    act(key, place.first, *entry);
  }

  void do_settle() {
    with_lease([&](StoreKey key, QueueId queue, Model::Entry& entry) {
      ASSERT_TRUE(store_->settle(key));
      model_.erase(queue, entry.number);
    });
  }

  void do_release() {
    with_lease([&](StoreKey key, QueueId, Model::Entry& entry) {
      const bool counted = any(2) == 0;
      store_->release(key, counted ? Attempt::counted : Attempt::not_counted);
      entry.attempts += counted;
      entry.leased = false;
    });
  }

  void do_replace() {
    with_lease([&](StoreKey key, QueueId queue, Model::Entry& entry) {
      Model::Entry remainder = entry;
      remainder.size = entry.size / 2;
      TestBatch batch{entry.number, remainder.size, queue};
      batch.header.created = {clock_.wall(), boot_};
      batch.header.attempts = entry.attempts;
      remainder.charge = charge_of(batch.body.size() + batch.user.size());
      remainder.created = boot_.since_boot;
      remainder.leased = false;
      model_.erase(queue, remainder.number);
      model_.queues[queue].push_back(remainder);
      ASSERT_TRUE(store_->replace(key, batch.as_new()));
    });
  }

  void do_maintain() {
    ASSERT_TRUE(store_->maintain());
    for (auto& [id, queue] : model_.queues)
      std::erase_if(queue, [&, queue_id = id](const Model::Entry& entry) {
        const bool old = !entry.leased && boot_.since_boot - entry.created > default_max_age;
        if (old) expect_loss(LossReason::expired, queue_id, entry);
        return old;
      });
  }

  void do_reopen() {
    if (any(3) == 0) clock_.set_wall(clock_.wall() + std::chrono::hours{any(100)} - 50h);
    store_.reset();
    const Result<StoreInspection> looked = inspect_store(directory());
    ASSERT_TRUE(looked) << looked.error().message();
    EXPECT_TRUE(looked->good()) << looked->file.problem;
    EXPECT_EQ(looked->file.unaccounted_pages, 0u);
    leases_.clear();
    reopen();
  }

  void step() {
    switch (any(20)) {
      case 0: do_append_again(); break;
      case 1:
      case 2:
      case 3: do_settle(); break;
      case 4: do_release(); break;
      case 5: do_replace(); break;
      case 6: any(3) == 0 ? do_reopen() : do_maintain(); break;
      case 7: advance(std::chrono::minutes{any(300)}); break;
      case 8:
      case 9:
      case 10: do_lease(); break;
      default: do_append(); break;
    }
  }

  void compare() {
    for (auto& [id, queue] : model_.queues) {
      Level expected;
      expected.batches = queue.size();
      for (const Model::Entry& entry : queue) {
        expected.records += entry.records;
        expected.bytes += entry.size + entry.number % 5;
        expected.charged += entry.charge;
      }
      Level level = store_->level(id);
      level.oldest = {};
      ASSERT_EQ(level, expected) << "queue " << id.value;
    }
    ASSERT_LE(store_->total().charged, cap);
    for (const Loss& loss : store_->take_losses()) add_loss(losses_, loss);
    const auto order = [](const Loss& a, const Loss& b) {
      return std::tie(a.reason, a.queue) < std::tie(b.reason, b.queue);
    };
    std::sort(losses_.begin(), losses_.end(), order);
    std::sort(expected_losses_.begin(), expected_losses_.end(), order);
    ASSERT_EQ(losses_, expected_losses_);
  }

  std::mt19937_64 random_;
  Model model_;
  std::map<StoreKey, std::pair<QueueId, std::uint64_t>> leases_;
  std::vector<Loss> losses_;
  std::vector<Loss> expected_losses_;
  std::uint64_t last_number_ = 0;
};

TEST_P(StoreModel, AgreesWithTheModelAfterEveryAction) {
  for (int i = 0; i < 700; ++i) {
    step();
    if (HasFatalFailure()) break;
    compare();
    if (HasFatalFailure()) break;
  }
  ASSERT_FALSE(HasFatalFailure()) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModel, ::testing::Range(1u, 13u));

}  // namespace
}  // namespace posthaste::persistence

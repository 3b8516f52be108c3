#include "persistence/eviction.h"

#include <algorithm>

namespace posthaste::persistence {
namespace {

class Plan {
public:
  Plan(const StoreIndex& index, const StoreCaps& caps, std::optional<StoreKey> leaving)
      : index_(index), caps_(caps), leaving_(leaving), total_(index.total().charged) {
    for (const QueueId queue : index.queues())
      queues_[queue] = {index.level(queue).charged, index.available(queue).begin()};
    const IndexEntry* entry = leaving ? index.find(*leaving) : nullptr;
    if (entry != nullptr) {
      total_ -= entry->charge;
      queues_[entry->identity.queue].charged -= entry->charge;
    }
  }

  bool admit(const Arrival& arrival) {
    const auto [place, is_new] =
        queues_.try_emplace(arrival.queue, State{0, index_.available(arrival.queue).begin()});
    place->second.charged += arrival.charge;
    total_ += arrival.charge;
    while (place->second.charged > caps_.of(arrival.queue).count)
      if (!evict_from(arrival.queue)) return false;
    while (total_ > caps_.total.count)
      if (!evict_from_largest()) return false;
    return true;
  }

  std::vector<StoreKey> victims() && { return std::move(victims_); }

private:
  struct State {
    std::uint64_t charged = 0;
    std::set<StoreKey>::const_iterator next;
  };

  bool evict_from(QueueId id) {
    State& queue = queues_[id];
    const std::set<StoreKey>& keys = index_.available(id);
    if (queue.next != keys.end() && leaving_ == *queue.next) ++queue.next;
    if (queue.next == keys.end()) return false;
    const std::uint64_t charge = index_.find(*queue.next)->charge;
    victims_.push_back(*queue.next++);
    queue.charged -= charge;
    total_ -= charge;
    return true;
  }

  bool evict_from_largest() {
    std::vector<std::pair<std::uint64_t, QueueId>> by_size;
    for (const auto& [id, queue] : queues_) by_size.emplace_back(queue.charged, id);
    std::sort(by_size.rbegin(), by_size.rend());
    return std::any_of(by_size.begin(), by_size.end(),
                       [this](const auto& queue) { return evict_from(queue.second); });
  }

  const StoreIndex& index_;
  const StoreCaps& caps_;
  const std::optional<StoreKey> leaving_;
  std::uint64_t total_;
  std::map<QueueId, State> queues_;
  std::vector<StoreKey> victims_;
};

}  // namespace

Bytes StoreCaps::of(QueueId queue) const {
  const auto found = queues.find(queue);
  return found == queues.end() ? total : std::min(total, found->second);
}

std::optional<std::vector<StoreKey>> plan_eviction(const StoreIndex& index, const StoreCaps& caps,
                                                   const std::vector<Arrival>& arrivals,
                                                   std::optional<StoreKey> leaving) {
  Plan plan{index, caps, leaving};
  for (const Arrival& arrival : arrivals)
    if (!plan.admit(arrival)) return std::nullopt;
  return std::move(plan).victims();
}

}  // namespace posthaste::persistence

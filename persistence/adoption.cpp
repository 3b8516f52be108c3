#include "persistence/adoption.h"

#include <algorithm>
#include <utility>

namespace posthaste::persistence {
namespace {

constexpr std::size_t batches_at_once = 32;
constexpr std::uint64_t bytes_at_once = 1024 * 1024;

/// Deletes the oldest of a queue of the orphan until the rest fits into the adopter.
Result<void> trim(Store& into, Store& from, QueueId queue) {
  const std::uint64_t room = into.room(queue).count;
  std::uint64_t charged = from.level(queue).charged;
  std::vector<StoreKey> surplus;
  for (const StoreKey key : from.index().available(queue)) {
    if (charged <= room) break;
    charged -= from.index().find(key)->charge;
    surplus.push_back(key);
  }
  if (surplus.empty()) return {};
  return from.discard(surplus, LossReason::evicted_size);
}

void give_back(Store& from, const std::vector<StoredBatch>& batches) {
  for (const StoredBatch& batch : batches) from.release(batch.key, Attempt::not_counted);
}

Result<std::vector<StoredBatch>> lease_some(Store& from, QueueId queue) {
  std::vector<StoredBatch> batches;
  std::uint64_t bytes = 0;
  while (batches.size() < batches_at_once && bytes < bytes_at_once) {
    Result<std::optional<StoredBatch>> batch = from.lease_oldest(queue);
    if (!batch) {
      give_back(from, batches);
      return std::move(batch).error();
    }
    if (!*batch) break;
    bytes += (*batch)->header.content_bytes();
    batches.push_back(std::move(**batch));
  }
  return batches;
}

Result<void> move_batches(Store& into, Store& from, const std::vector<StoredBatch>& batches) {
  std::vector<NewBatch> arriving;
  std::vector<StoreKey> keys;
  for (const StoredBatch& batch : batches) {
    arriving.push_back({batch.header, {batch.body}, batch.user});
    keys.push_back(batch.key);
  }
  if (Result<std::vector<StoreKey>> stored = into.append(arriving); !stored) {
    give_back(from, batches);
    return std::move(stored).error();
  }
  if (Result<void> settled = from.settle(keys); !settled) {
    give_back(from, batches);
    return settled;
  }
  return {};
}

Result<Adoption> adopt_some(Store& into, Store& from) {
  Adoption adoption;
  for (const QueueId queue : from.queues()) {
    if (Result<void> trimmed = trim(into, from, queue); !trimmed) return std::move(trimmed).error();
    Result<std::vector<StoredBatch>> batches = lease_some(from, queue);
    if (!batches) return std::move(batches).error();
    if (batches->empty()) continue;
    if (Result<void> moved = move_batches(into, from, *batches); !moved)
      return std::move(moved).error();
    adoption.batches = batches->size();
    for (const StoredBatch& batch : *batches) adoption.records += batch.header.records;
    return adoption;
  }
  adoption.finished = true;
  return adoption;
}

}  // namespace

Result<Adoption> adopt(Store& into, Store& from) {
  Result<Adoption> adoption = adopt_some(into, from);
  into.add_losses(from.take_losses());
  return adoption;
}

}  // namespace posthaste::persistence

#include "persistence/store_index.h"

#include "persistence/store_format.h"

#include <algorithm>

namespace posthaste::persistence {
namespace {

void add(Level& level, const IndexEntry& entry) noexcept {
  ++level.batches;
  level.records += entry.records;
  level.bytes += entry.content_bytes;
  level.charged += entry.charge;
}

void subtract(Level& level, const IndexEntry& entry) noexcept {
  --level.batches;
  level.records -= entry.records;
  level.bytes -= entry.content_bytes;
  level.charged -= entry.charge;
}

}  // namespace

IndexEntry IndexEntry::of(const BatchHeader& header) {
  IndexEntry entry;
  entry.identity = header.identity();
  entry.created = header.created;
  entry.content_bytes = header.content_bytes();
  entry.charge = charge_of(header.content_bytes());
  entry.records = header.records;
  entry.attempts = header.attempts;
  return entry;
}

void StoreIndex::insert(StoreKey key, const IndexEntry& entry) {
  erase(key);
  Queue& queue = queues_[entry.identity.queue];
  (entry.leased ? queue.leased : queue.available).insert(key);
  by_identity_.insert_or_assign(entry.identity, key);
  entries_.emplace(key, entry);
  add(queue.level, entry);
  add(total_, entry);
}

void StoreIndex::erase(StoreKey key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  const IndexEntry& entry = found->second;
  const auto queue = queues_.find(entry.identity.queue);
  queue->second.available.erase(key);
  queue->second.leased.erase(key);
  subtract(queue->second.level, entry);
  subtract(total_, entry);
  if (queue->second.level.batches == 0) queues_.erase(queue);
  const auto named = by_identity_.find(entry.identity);
  if (named != by_identity_.end() && named->second == key) by_identity_.erase(named);
  entries_.erase(found);
}

const IndexEntry* StoreIndex::find(StoreKey key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

std::optional<StoreKey> StoreIndex::find(const BatchIdentity& identity) const {
  const auto found = by_identity_.find(identity);
  return found == by_identity_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<StoreKey> StoreIndex::oldest_available(QueueId queue) const {
  const std::set<StoreKey>& keys = available(queue);
  return keys.empty() ? std::nullopt : std::optional{*keys.begin()};
}

bool StoreIndex::lease(StoreKey key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  found->second.leased = true;
  Queue& queue = queues_[found->second.identity.queue];
  if (auto node = queue.available.extract(key)) queue.leased.insert(std::move(node));
  return true;
}

bool StoreIndex::release(StoreKey key, std::uint32_t more_attempts) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  found->second.leased = false;
  found->second.attempts += more_attempts;
  found->second.attempts_unsaved |= more_attempts > 0;
  Queue& queue = queues_[found->second.identity.queue];
  if (auto node = queue.leased.extract(key)) queue.available.insert(std::move(node));
  return true;
}

void StoreIndex::set_attempts_saved(StoreKey key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.attempts_unsaved = false;
}

const std::set<StoreKey>& StoreIndex::available(QueueId queue) const {
  static const std::set<StoreKey>& none = *new std::set<StoreKey>;
  const auto found = queues_.find(queue);
  return found == queues_.end() ? none : found->second.available;
}

std::vector<QueueId> StoreIndex::queues() const {
  std::vector<QueueId> ids;
  for (const auto& [id, queue] : queues_) ids.push_back(id);
  return ids;
}

WallTime StoreIndex::oldest_of(const Queue& queue) const {
  std::optional<StoreKey> first;
  if (!queue.available.empty()) first = *queue.available.begin();
  if (!queue.leased.empty() && (!first || *queue.leased.begin() < *first))
    first = *queue.leased.begin();
  return first ? find(*first)->created.wall : WallTime{};
}

Level StoreIndex::level(QueueId queue) const {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return {};
  Level level = found->second.level;
  level.oldest = oldest_of(found->second);
  return level;
}

Level StoreIndex::total() const {
  Level level = total_;
  if (!entries_.empty()) level.oldest = entries_.begin()->second.created.wall;
  return level;
}

std::vector<LedgerRow> StoreIndex::ledger_rows() const {
  std::vector<LedgerRow> rows;
  for (const auto& [id, queue] : queues_)
    rows.push_back({id, queue.level.batches, queue.level.records, queue.level.bytes});
  return rows;
}

Loss loss_of(const IndexEntry& entry, LossReason reason) noexcept {
  return {reason, entry.identity.queue, 1, entry.records, entry.content_bytes};
}

void add_loss(std::vector<Loss>& losses, const Loss& loss) {
  const auto same = std::find_if(losses.begin(), losses.end(), [&](const Loss& other) {
    return other.reason == loss.reason && other.queue == loss.queue;
  });
  if (same == losses.end()) {
    losses.push_back(loss);
    return;
  }
  same->batches += loss.batches;
  same->records += loss.records;
  same->bytes += loss.bytes;
}

}  // namespace posthaste::persistence

#pragma once

/// What is in the store, in memory: every batch's header facts by key, by identity, and by queue in
/// the order of keys. Built by scanning the headers when a store opens, kept up by store.cpp after
/// each commit. Leases exist here and nowhere else, so a crash gives them all back.
///
/// Threads:  one. Blocking: never; finding is O(log n), levels are O(1) but for `oldest`.
/// Memory:   about 250 bytes a batch; a batch is charged at least 1 KiB of the store's cap.

#include "persistence/batch.h"
#include "persistence/store_ledger.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace posthaste::persistence {

struct IndexEntry {
  BatchIdentity identity;
  CreationTime created;
  std::uint64_t content_bytes = 0;
  std::uint64_t charge = 0;
  std::uint32_t records = 0;
  std::uint32_t attempts = 0;
  bool leased = false;
  bool attempts_unsaved = false;  // the file has an older count

  static IndexEntry of(const BatchHeader& header);
};

class StoreIndex {
public:
  using Entries = std::map<StoreKey, IndexEntry>;

  void insert(StoreKey key, const IndexEntry& entry);
  void erase(StoreKey key);

  const IndexEntry* find(StoreKey key) const;
  std::optional<StoreKey> find(const BatchIdentity& identity) const;
  /// The queue's first batch that is not leased.
  std::optional<StoreKey> oldest_available(QueueId queue) const;

  /// False when the batch is not there.
  bool lease(StoreKey key);
  bool release(StoreKey key, std::uint32_t more_attempts);
  void set_attempts_saved(StoreKey key);

  const Entries& entries() const noexcept { return entries_; }
  /// Batches that are not leased, in the order of keys.
  const std::set<StoreKey>& available(QueueId queue) const;
  std::vector<QueueId> queues() const;

  Level level(QueueId queue) const;
  Level total() const;
  std::vector<LedgerRow> ledger_rows() const;

private:
  struct Queue {
    std::set<StoreKey> available;
    std::set<StoreKey> leased;
    Level level;  // without `oldest`
  };
  WallTime oldest_of(const Queue& queue) const;

  Entries entries_;
  std::map<BatchIdentity, StoreKey> by_identity_;
  std::map<QueueId, Queue> queues_;
  Level total_;  // without `oldest`
};

/// A loss of one batch.
Loss loss_of(const IndexEntry& entry, LossReason reason) noexcept;
/// Adds to the loss of the same reason and queue, if there is one.
void add_loss(std::vector<Loss>& losses, const Loss& loss);

}  // namespace posthaste::persistence

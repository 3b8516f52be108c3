#pragma once

/// The offline store: batches that could not be delivered wait here, on disk, oldest first out. The
/// storekeeper actor owns it and is its only caller.
///
///   append --> [ available ] -- lease --> [ leased ] -- settle --> gone
///                    ^  |                  |      '---- replace --> the remainder, available
///                    |  |                  |
///                    '--|---- release -----'
///                       '---> evicted, expired, corrupt: a Loss
///
/// What append accepted survives the process at once and the machine's crash too (each commit is
/// synced). Leases are in memory: a crash gives all back. A batch's identity is (queue, origin);
/// appending it again changes nothing. Whatever leaves other than by settle or replace is counted:
/// call take_losses() after any call.
///
/// Threads:  one. Blocking: every change waits for the disk, 1-70 ms.
/// Full:     the oldest are evicted (eviction.h); leased ones never. A full or failing disk: an
///           error, and the caller keeps its batches.
/// Failure:  never throws, never aborts; docs/formats/store.md says what each state of the disk
///           leads to.

#include <posthaste/result.h>

#include "persistence/batch.h"
#include "persistence/store_index.h"
#include "persistence/store_options.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace posthaste::persistence {

class StoreSession;

/// How a lease ended that did not settle the batch.
enum class Attempt : std::uint8_t {
  counted,      // it was tried and refused
  not_counted,  // the network failed, or it was not tried
};

class Store {
public:
  /// Opens or begins the store in `options.directory`. Fails with store_locked when somebody
  /// owns it, store_unavailable or store_io when it cannot be had; the host goes on without.
  static Result<std::unique_ptr<Store>> open(StoreOptions options);
  /// Saves attempts that are not saved yet, and gives the directory free.
  ~Store();

  /// All in one transaction: all are stored, or none. Their keys, in the order of `batches`; for
  /// one that is there already, the key that it has. store_full: they cannot fit, even alone.
  Result<std::vector<StoreKey>> append(std::span<const NewBatch> batches);

  /// The queue's oldest batch that is not leased; nothing when there is none.
  Result<std::optional<StoredBatch>> lease_oldest(QueueId queue);
  /// This batch, whether leased or not; nothing when it is not there (any more).
  Result<std::optional<StoredBatch>> lease(StoreKey key);
  /// Gives a lease back. Attempts are written with the next change.
  void release(StoreKey key, Attempt attempt);

  /// Deletes batches that need not be sent again. Keys that are not there are passed over, so it
  /// can be repeated after an error.
  Result<void> settle(std::span<const StoreKey> keys);
  Result<void> settle(StoreKey key) { return settle({&key, 1}); }
  /// Deletes one and stores what remains of it, in one transaction. invalid_argument: not there.
  Result<StoreKey> replace(StoreKey key, const NewBatch& remainder);
  /// Deletes batches and counts them.
  Result<void> discard(std::span<const StoreKey> keys, LossReason reason);

  /// Once a minute: expiry, unsaved attempts, and whether everything is still where it was.
  Result<void> maintain();
  std::vector<Loss> take_losses() noexcept;
  void add_losses(const std::vector<Loss>& losses);  // of a store that was adopted

  Level level(QueueId queue) const;
  Level total() const;
  std::vector<QueueId> queues() const;
  bool contains(QueueId queue, const Origin& origin) const;
  /// Room that a queue has before something is evicted.
  Bytes room(QueueId queue) const;
  /// All headers' facts, without touching the disk.
  const StoreIndex& index() const noexcept;

  StoreHealth health() const;
  const std::string& directory() const noexcept;
  int lock_descriptor() const noexcept;  // to be closed in a child after fork(); -1: none

  /// Deletes an emptied store, e.g. after it was adopted.
  static void remove(std::unique_ptr<Store> store);
  /// Directories below `root` that hold stores of processes that are gone, at most 64, the longest
  /// untouched first. Open one (create = false) to own it.
  static std::vector<std::string> orphans(const std::string& root);

private:
  explicit Store(std::unique_ptr<StoreSession> session);
  Result<std::vector<StoreKey>> append_now(std::span<const NewBatch> batches);
  Result<void> make_room(std::span<const NewBatch> batches);
  Result<std::optional<StoredBatch>> lease_now(StoreKey key);
  Result<void> drop_expired(QueueId queue);
  Result<void> erase(std::span<const StoreKey> keys, std::optional<LossReason> reason);
  NewBatch stamped(const NewBatch& batch) const;
  bool expired(const IndexEntry& entry) const;

  std::unique_ptr<StoreSession> session_;
};

}  // namespace posthaste::persistence

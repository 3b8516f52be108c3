#pragma once

/// One open data.mdb: LMDB (lmdb_environment.h) with the store's format (store_format.h) on it.
/// Knows keys, headers and checks; knows nothing of caps, ages, leases or recovery, which are
/// store.h's. Made by store_opening.h.
///
/// Threads:  one. Blocking: commit() waits for the disk.
/// Full:     the status says so, and nothing was changed.

#include "persistence/batch.h"
#include "persistence/lmdb_environment.h"
#include "persistence/store_format.h"

#include <memory>
#include <optional>
#include <vector>

namespace posthaste::persistence {

/// What a look at all headers found.
struct BatchScan {
  struct Damage {
    StoreKey key{};
    std::optional<BatchHeader> header;  // when at least that is sound
  };
  StoreHeaderCheck header_check = StoreHeaderCheck::damaged;
  StoreHeader header;
  bool anything = false;  // any entry at all
  std::vector<BatchHeaderRecord> batches;
  std::vector<Damage> damaged;      // header unsound, or content missing or of another size
  std::vector<KeyBytes> strangers;  // keys that are nobody's
};

enum class ReadOutcome : std::uint8_t { sound, corrupt, absent, failed };

class BatchFile {
public:
  using Access = LmdbEnvironment::Access;

  /// One transaction that writes. Destroyed without commit, it changes nothing.
  class Change {
  public:
    /// `key` must be above all others in the file.
    LmdbStatus append(StoreKey key, const NewBatch& batch);
    LmdbStatus append(const StoredBatch& batch);  // under its own key
    LmdbStatus erase(StoreKey key);               // ok also when it is not there
    LmdbStatus erase_stranger(const KeyBytes& key);
    LmdbStatus save_attempts(StoreKey key, std::uint32_t attempts);
    /// Writes the store header, then commits.
    LmdbStatus commit();

  private:
    friend class BatchFile;
    Change(BatchFile& file, LmdbTransaction transaction);
    BatchFile* file_;
    LmdbTransaction transaction_;
    StoreHeader header_;
  };

  /// Opens data.mdb, which is absent or verified, in the directory behind the descriptor.
  static LmdbStatus open(int directory, Access access, Bytes map, std::unique_ptr<BatchFile>& out);

  std::optional<Change> change(LmdbStatus& status);
  LmdbStatus scan(BatchScan& out);
  /// Copies a batch out and checks it. `failed`: `status` says why.
  ReadOutcome read(StoreKey key, StoredBatch& out, LmdbStatus& status);

  const StoreHeader& header() const noexcept { return header_; }
  void set_header(StoreHeader header) {
    header_ = std::move(header);
  }  // written by the next commit
  LmdbEnvironment& environment() noexcept { return *environment_; }

private:
  explicit BatchFile(std::unique_ptr<LmdbEnvironment> environment)
      : environment_(std::move(environment)) {}

  std::unique_ptr<LmdbEnvironment> environment_;
  StoreHeader header_;
};

}  // namespace posthaste::persistence

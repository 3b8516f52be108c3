#pragma once

/// The store's file and index, kept in step and kept alive: every change goes through commit(),
/// which evicts when the disk or the map is full, rebuilds the file when the disk failed, and
/// begins a new one when somebody took it away; what that costs is counted. store.h decides what
/// changes.
///
///                 .------------- failed, damaged, map full for good -----------.
///                 v                                                            |
///   open ---> [ usable ] -- file removed, replaced, cut --> [ gone ]      [ suspect ]
///                 ^                                            |               |
///                 '---- new file, or what lies there ----------+--- rebuilt ---'
///                            (each tried again every 30 s)
///
/// Threads:  one. Blocking: a commit waits for the disk; a rebuild copies the whole store.
/// Full:     see commit().

#include <posthaste/result.h>

#include "persistence/store_opening.h"
#include "persistence/store_options.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace posthaste::persistence {

/// One transaction as seen by its author: what it does to the file happens to the index only when
/// it was committed.
class StoreChange {
public:
  StoreChange(BatchFile::Change& change, std::uint64_t next_key)
      : change_(change), next_key_(next_key) {}

  LmdbStatus append(const NewBatch& batch, StoreKey& key);
  LmdbStatus erase(StoreKey key, std::optional<LossReason> loss);
  LmdbStatus save_attempts(StoreKey key, std::uint32_t attempts);

  /// Adds what was erased for a reason to `losses`.
  void add_losses(const StoreIndex& index, std::vector<Loss>& losses) const;
  std::vector<StoreKey> erased_keys() const;
  void apply_to(StoreIndex& index) const;

private:
  struct Erased {
    StoreKey key;
    std::optional<LossReason> loss;
  };
  BatchFile::Change& change_;
  std::uint64_t next_key_;
  std::vector<Erased> erased_;
  std::vector<std::pair<StoreKey, IndexEntry>> inserted_;
  std::vector<StoreKey> saved_;
};

class StoreSession {
public:
  /// Called once per attempt, with the index as it is then. An Error gives the change up.
  using Work = std::function<Result<LmdbStatus>(StoreChange&)>;
  enum class Growth : std::uint8_t { grows, shrinks };

  static Result<std::unique_ptr<StoreSession>> open(StoreOptions options);
  ~StoreSession();

  /// Whether everything is where it was; mends what can be mended.
  Result<void> ready();
  /// Runs `work` in one transaction. Fails with store_io when disk or limits allow no more (a
  /// change that grows is then refused for 30 s at once) or the file is being recovered.
  Result<void> commit(Growth growth, const Work& work);
  ReadOutcome read(StoreKey key, StoredBatch& out);
  /// After std::bad_alloc: the index may have missed a commit; it is read anew from the file.
  void distrust_index() noexcept;

  const StoreOptions& options() const noexcept { return options_; }
  const StoreIndex& index() const noexcept { return index_; }
  StoreIndex& leases() noexcept { return index_; }  // for lease and release, which are not stored
  StoreCaps caps() const;
  CreationTime now() const;
  void note_unsaved_attempts(StoreKey key) { unsaved_attempts_.push_back(key); }
  bool has_unsaved_attempts() const noexcept { return !unsaved_attempts_.empty(); }
  std::vector<Loss> take_losses() noexcept { return std::exchange(losses_, {}); }
  void add_loss_of(const Loss& loss) { add_loss(losses_, loss); }
  StoreHealth health() const;
  int lock_descriptor() const noexcept { return directory_ ? directory_->lock_descriptor() : -1; }
  /// Closes the file and deletes the directory.
  void remove() noexcept;

private:
  enum class Trouble : std::uint8_t {
    none,
    suspect,  // the disk or LMDB failed: to be rebuilt
    gone,     // taken away: the directory must be claimed again
    closed,   // the directory is still ours: to be opened again
  };
  struct SpaceHunt;

  explicit StoreSession(StoreOptions options) : options_(std::move(options)) {}
  OpeningRequest request() const;
  void install(OpenedStore opened);
  Result<LmdbStatus> attempt(const Work& work);
  bool grow_map();
  bool evict_slice(SpaceHunt& hunt, LossReason reason);
  Error pause(LmdbStatus status);
  Result<void> recover();
  Result<void> rebuild();
  Result<void> reopen();
  void lose_everything(LossReason reason);
  LmdbStatus save_attempts(StoreChange& change);

  StoreOptions options_;
  std::optional<StoreDirectory> directory_;
  std::unique_ptr<BatchFile> file_;
  FileIdentity identity_;
  StoreIndex index_;
  std::vector<Loss> losses_;
  std::vector<StoreKey> unsaved_attempts_;
  Bytes cap_;
  Bytes largest_map_;
  std::uint64_t used_ = 0;       // bytes of the file that LMDB may read
  std::uint64_t next_key_ = 1;   // never goes back, whatever happens to the file
  bool losses_counted_ = false;  // of the file that was given up
  Trouble trouble_ = Trouble::none;
  SteadyTime retry_at_{};
  SteadyTime paused_until_{};
  std::optional<Error> last_error_;
};

}  // namespace posthaste::persistence

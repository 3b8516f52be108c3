#pragma once

/// A store's directory while this process owns it: the lock, the data file's identity, the
/// quarantine. Opening and recovery (store_opening.h) work through it; store.h asks it before each
/// operation whether everything is still where it was.
///
/// Ownership is `flock` on owner.lock: it ends with the process, works between two copies of this
/// library in one process, and a lock that is free means that the owner is gone.
///
/// Threads:  one. Blocking: file system calls, a handful of microseconds each.
/// fork():   a child would inherit the lock; it is closed there (runtime/base/fork_guard.h).

#include <posthaste/result.h>

#include "runtime/base/clock.h"
#include "runtime/base/file_descriptor.h"
#include "runtime/base/fork_guard.h"

#include <cstdint>
#include <string>
#include <vector>

namespace posthaste::persistence {

/// What is known of data.mdb before it is opened.
enum class DataFile : std::uint8_t {
  absent,
  ordinary,  // regular, of this user, one name
  strange,   // a link, a directory, somebody else's: never opened
};

/// One file, as the kernel tells files apart.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// The identity of an open file.
FileIdentity identity_of(int descriptor) noexcept;

class StoreDirectory {
public:
  /// Creates or checks the directory and locks it. store_locked: somebody owns it, this process
  /// perhaps; store_unavailable: it cannot be used, the message says why and how to mend it.
  static Result<StoreDirectory> claim(const std::string& path, bool create = true);

  const std::string& path() const noexcept { return path_; }
  int lock_descriptor() const noexcept { return lock_.get(); }
  /// Where data.mdb, ledger and quarantine are: the directory itself, or `store-v1` in it.
  int files() const noexcept { return side_ ? side_.get() : directory_.get(); }
  /// From now on, work in `store-v1`, because data.mdb beside it belongs to another version.
  Result<void> step_aside();

  DataFile examine_data_file() const;
  /// Read-only, without following links.
  Result<FileDescriptor> open_data_file() const;
  /// Whether the directory, its lock and data.mdb are the ones that were opened, and data.mdb is at
  /// least `used` bytes long.
  bool intact(const FileIdentity& data_file, std::uint64_t used) const noexcept;

  /// Moves data.mdb to quarantine/<now>/, of which it becomes the only inhabitant; at most
  /// `largest_quarantined` bytes of it are kept. Deletes it when it cannot be moved.
  void quarantine_data_file(WallTime now) const;
  /// Removes the ledger, whose rows have been counted.
  void forget_ledger() const noexcept;
  /// A subdirectory `rebuild`, empty, for a new data.mdb; and that file put into its place.
  Result<FileDescriptor> begin_rebuild() const;
  Result<void> finish_rebuild() const;
  /// Deletes the store's files and the directory; beside another version's store, `store-v1` only.
  void remove() &&;

  static constexpr std::uint64_t largest_quarantined = 16 * 1024 * 1024;

private:
  StoreDirectory(std::string path, FileDescriptor directory, FileDescriptor lock);

  std::string path_;
  FileDescriptor directory_;
  FileDescriptor lock_;
  ClosedInChildren lock_guard_;  // behind lock_: ends before it
  FileDescriptor side_;
  FileIdentity directory_identity_;
  FileIdentity lock_identity_;
};

/// Directories in `root` that look like stores of this user and that nobody owns at this moment,
/// at most 64, the longest untouched first. Whoever wants one claims it; only one can.
std::vector<std::string> unowned_directories(const std::string& root);

}  // namespace posthaste::persistence

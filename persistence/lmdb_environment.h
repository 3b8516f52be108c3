#pragma once

/// LMDB, held so that it cannot hurt: one data file, one owner, no lock file (docs/formats/store.md
/// says why), errors as values, nothing mapped that the verifier has not seen. batch_file.h puts
/// the store's format on top.
///
/// Threads:  one. Blocking: commit() waits for the disk (1-70 ms).
/// Full:     `map_full` when the map is used up, `no_space` when the disk is; nothing was changed.
/// Signals:  never writes beyond RLIMIT_FSIZE, so no SIGXFSZ.

#include <posthaste/units.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

struct MDB_env;
struct MDB_txn;

namespace posthaste::persistence {

enum class LmdbStatus : std::uint8_t {
  ok,
  not_found,
  map_full,   // grow the map or delete
  no_space,   // the disk, a quota or RLIMIT_FSIZE
  no_memory,  // RLIMIT_AS, or malloc
  no_access,  // permissions, read-only file system, descriptors used up
  failed,     // the disk said no: nothing in this file is taken for durable any more
  damaged,    // LMDB does not understand its file any more
};
const char* to_string(LmdbStatus status) noexcept;

/// What RLIMIT_FSIZE lets this process write; nothing when it is unlimited.
std::optional<Bytes> file_size_limit() noexcept;

class LmdbEnvironment;

/// One transaction; aborted when it is destroyed without commit. Bytes that it gave out are
/// valid until then. At most one per environment.
class LmdbTransaction {
public:
  LmdbTransaction(LmdbTransaction&& other) noexcept;
  LmdbTransaction& operator=(LmdbTransaction&&) = delete;
  ~LmdbTransaction();

  using Key = std::span<const std::byte>;
  using Value = std::span<const std::byte>;

  LmdbStatus get(Key key, Value& out);
  LmdbStatus put(Key key, Value value);
  /// Room for `size` bytes at the end of the order of keys, to be filled before the next call.
  LmdbStatus append(Key key, std::size_t size, std::span<std::byte>& out);
  LmdbStatus erase(Key key);
  /// All entries in the order of their keys, until `visit` says false.
  LmdbStatus scan(const std::function<bool(Key, Value)>& visit);
  /// Ends the transaction in any case.
  LmdbStatus commit();

private:
  friend class LmdbEnvironment;
  LmdbTransaction(LmdbEnvironment& environment, MDB_txn* transaction)
      : environment_(&environment), transaction_(transaction) {}

  LmdbEnvironment* environment_;
  MDB_txn* transaction_;
};

class LmdbEnvironment {
public:
  enum class Access : std::uint8_t { read_only, read_write };

  /// Opens `data.mdb` in the directory behind `directory` (a descriptor), creating it if need be.
  /// An existing file must have passed the verifier. `map` is rounded down to whole pages; LMDB
  /// raises it to the size in use. Null only with a status other than ok.
  static LmdbStatus open(int directory, Access access, Bytes map,
                         std::unique_ptr<LmdbEnvironment>& out);

  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  std::optional<LmdbTransaction> begin(Access access, LmdbStatus& status);

  /// No transaction may be open. After a failure the environment can only be destroyed.
  LmdbStatus resize_map(Bytes map);

  int descriptor() const noexcept;
  Bytes map() const noexcept { return map_; }
  Bytes used() const noexcept;  // the file up to its last page
  /// The same, but for last pages that were taken and given back in one transaction: LMDB leaves
  /// these unwritten, so the file may end before them.
  Bytes written() const noexcept;
  bool usable() const noexcept { return usable_; }

private:
  friend class LmdbTransaction;
  LmdbEnvironment() = default;
  LmdbStatus status_of(int code) const noexcept;
  bool out_of_space() const noexcept;
  LmdbStatus respect_file_size_limit();
  void read_map_size() noexcept;

  MDB_env* environment_ = nullptr;
  unsigned tree_ = 0;
  Bytes map_;
  bool usable_ = true;
};

}  // namespace posthaste::persistence

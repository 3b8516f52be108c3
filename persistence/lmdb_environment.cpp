#include "persistence/lmdb_environment.h"

#include "runtime/base/file_descriptor.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace posthaste::persistence {
namespace {

constexpr std::uint64_t nearly_full = 64 * 1024;

MDB_val as_val(std::span<const std::byte> bytes) noexcept {
  return {bytes.size(), const_cast<std::byte*>(bytes.data())};
}

std::span<const std::byte> as_span(const MDB_val& value) noexcept {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

std::uint64_t system_page() noexcept {
  return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

const char* to_string(LmdbStatus status) noexcept {
  switch (status) {
    case LmdbStatus::ok: return "ok";
    case LmdbStatus::not_found: return "not found";
    case LmdbStatus::map_full: return "the map is full";
    case LmdbStatus::no_space: return "no space left (disk, quota or file size limit)";
    case LmdbStatus::no_memory: return "no memory or address space left";
    case LmdbStatus::no_access: return "no access (permission, read-only or descriptors used up)";
    case LmdbStatus::failed: return "the disk failed";
    case LmdbStatus::damaged: return "the file is damaged";
  }
  return "unknown";
}

std::optional<Bytes> file_size_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  return Bytes{limit.rlim_cur};
}

LmdbTransaction::LmdbTransaction(LmdbTransaction&& other) noexcept
    : environment_(other.environment_), transaction_(std::exchange(other.transaction_, nullptr)) {}

LmdbTransaction::~LmdbTransaction() {
  if (transaction_ != nullptr) mdb_txn_abort(transaction_);
}

LmdbStatus LmdbTransaction::get(Key key, Value& out) {
  MDB_val mdb_key = as_val(key);
  MDB_val value{};
  const int code = mdb_get(transaction_, environment_->tree_, &mdb_key, &value);
  if (code == 0) out = as_span(value);
  return environment_->status_of(code);
}

LmdbStatus LmdbTransaction::put(Key key, Value value) {
  MDB_val mdb_key = as_val(key);
  MDB_val mdb_value = as_val(value);
  return environment_->status_of(
      mdb_put(transaction_, environment_->tree_, &mdb_key, &mdb_value, 0));
}

LmdbStatus LmdbTransaction::append(Key key, std::size_t size, std::span<std::byte>& out) {
  MDB_val mdb_key = as_val(key);
  MDB_val value{size, nullptr};
  const int code =
      mdb_put(transaction_, environment_->tree_, &mdb_key, &value, MDB_APPEND | MDB_RESERVE);
  if (code == 0) out = {static_cast<std::byte*>(value.mv_data), size};
  return environment_->status_of(code);
}

LmdbStatus LmdbTransaction::erase(Key key) {
  MDB_val mdb_key = as_val(key);
  return environment_->status_of(mdb_del(transaction_, environment_->tree_, &mdb_key, nullptr));
}

LmdbStatus LmdbTransaction::scan(const std::function<bool(Key, Value)>& visit) {
  MDB_cursor* opened = nullptr;
  if (const int code = mdb_cursor_open(transaction_, environment_->tree_, &opened); code != 0)
    return environment_->status_of(code);
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor{opened, &mdb_cursor_close};
  MDB_val key{};
  MDB_val value{};
  int code = mdb_cursor_get(opened, &key, &value, MDB_FIRST);
  while (code == 0 && visit(as_span(key), as_span(value)))
    code = mdb_cursor_get(opened, &key, &value, MDB_NEXT);
  return code == MDB_NOTFOUND ? LmdbStatus::ok : environment_->status_of(code);
}

LmdbStatus LmdbTransaction::commit() {
  const int code = mdb_txn_commit(std::exchange(transaction_, nullptr));
  LmdbStatus status = environment_->status_of(code);
  // LMDB says EIO for a short write too, which is what a disk does that fills up midway.
  if (code == EIO && environment_->out_of_space()) status = LmdbStatus::no_space;
  if (status == LmdbStatus::failed) environment_->usable_ = false;
  return status;
}

LmdbStatus LmdbEnvironment::open(int directory, Access access, Bytes map,
                                 std::unique_ptr<LmdbEnvironment>& out) {
  std::unique_ptr<LmdbEnvironment> environment{new LmdbEnvironment};
  if (mdb_env_create(&environment->environment_) != 0) return LmdbStatus::no_memory;
  MDB_env* const created = environment->environment_;
  environment->map_ = {map.count / system_page() * system_page()};
  if (const int code = mdb_env_set_mapsize(created, environment->map_.count); code != 0)
    return environment->status_of(code);

  // By descriptor, so that it is the directory that was checked, whatever its path means now.
  const std::string path = "/proc/self/fd/" + std::to_string(directory);
  const unsigned flags =
      MDB_NOLOCK | MDB_NOTLS | (access == Access::read_only ? unsigned{MDB_RDONLY} : 0u);
  const StandardDescriptorsTaken taken;
  if (const int code = mdb_env_open(created, path.c_str(), flags, 0600); code != 0)
    return environment->status_of(code);
  ::fcntl(environment->descriptor(), F_SETFD, FD_CLOEXEC);  // LMDB leaves this one open to exec

  LmdbStatus status = LmdbStatus::ok;
  std::optional<LmdbTransaction> transaction = environment->begin(Access::read_only, status);
  if (!transaction) return status;
  const int code = mdb_dbi_open(transaction->transaction_, nullptr, 0, &environment->tree_);
  if (code != 0) return environment->status_of(code);
  if (status = transaction->commit(); status != LmdbStatus::ok) return status;
  transaction.reset();
  environment->read_map_size();
  out = std::move(environment);
  return LmdbStatus::ok;
}

LmdbEnvironment::~LmdbEnvironment() {
  mdb_env_close(environment_);
}

std::optional<LmdbTransaction> LmdbEnvironment::begin(Access access, LmdbStatus& status) {
  status = usable_ ? LmdbStatus::ok : LmdbStatus::failed;
  if (status == LmdbStatus::ok && access == Access::read_write) status = respect_file_size_limit();
  if (status != LmdbStatus::ok) return std::nullopt;
  MDB_txn* transaction = nullptr;
  const int code = mdb_txn_begin(
      environment_, nullptr, access == Access::read_only ? unsigned{MDB_RDONLY} : 0u, &transaction);
  status = status_of(code);
  if (status == LmdbStatus::failed || status == LmdbStatus::damaged) usable_ = false;
  if (code != 0) return std::nullopt;
  return LmdbTransaction{*this, transaction};
}

LmdbStatus LmdbEnvironment::resize_map(Bytes map) {
  const std::uint64_t size = map.count / system_page() * system_page();
  const int code = mdb_env_set_mapsize(environment_, size);
  if (code != 0) {
    usable_ = false;  // LMDB has unmapped the old map by now
    return status_of(code);
  }
  read_map_size();
  return LmdbStatus::ok;
}

void LmdbEnvironment::read_map_size() noexcept {
  MDB_envinfo info{};
  mdb_env_info(environment_, &info);
  map_ = {info.me_mapsize};  // not less than what the file uses, whatever was asked for
}

int LmdbEnvironment::descriptor() const noexcept {
  int descriptor = -1;
  mdb_env_get_fd(environment_, &descriptor);
  return descriptor;
}

Bytes LmdbEnvironment::used() const noexcept {
  if (!usable_) return {};
  MDB_envinfo info{};
  MDB_stat facts{};
  mdb_env_info(environment_, &info);
  mdb_env_stat(environment_, &facts);
  return {(info.me_last_pgno + 1) * facts.ms_psize};
}

Bytes LmdbEnvironment::written() const noexcept {
  struct stat facts {};
  if (!usable_ || ::fstat(descriptor(), &facts) != 0) return {};
  return std::min(used(), Bytes{static_cast<std::uint64_t>(facts.st_size)});
}

LmdbStatus LmdbEnvironment::status_of(int code) const noexcept {
  switch (code) {
    case MDB_SUCCESS: return LmdbStatus::ok;
    case MDB_NOTFOUND: return LmdbStatus::not_found;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL: return LmdbStatus::map_full;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return LmdbStatus::no_space;
    case ENOMEM: return LmdbStatus::no_memory;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case EMFILE:
    case ENFILE: return LmdbStatus::no_access;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_KEYEXIST:
    case MDB_BAD_TXN:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL: return LmdbStatus::damaged;
    default: return LmdbStatus::failed;
  }
}

bool LmdbEnvironment::out_of_space() const noexcept {
  struct statvfs facts {};
  if (::fstatvfs(descriptor(), &facts) != 0) return false;
  return std::uint64_t{facts.f_bavail} * facts.f_frsize < nearly_full;
}

// The host may lower its limit at any time; writing at or above it would raise SIGXFSZ.
LmdbStatus LmdbEnvironment::respect_file_size_limit() {
  const std::optional<Bytes> limit = file_size_limit();
  if (!limit || *limit >= map_) return LmdbStatus::ok;
  if (*limit < used()) return LmdbStatus::no_space;
  return resize_map(*limit);
}

}  // namespace posthaste::persistence

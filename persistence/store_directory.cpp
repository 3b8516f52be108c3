#include "persistence/store_directory.h"

#include "persistence/safe_path.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace posthaste::persistence {
namespace {

constexpr const char* lock_name = "owner.lock";
constexpr const char* data_name = "data.mdb";
constexpr const char* quarantine_name = "quarantine";
constexpr const char* side_name = "store-v1";
constexpr const char* ledger_name = "ledger";
constexpr const char* rebuild_name = "rebuild";
constexpr std::size_t most_candidates = 64;

FileIdentity identity_from(const struct stat& facts) noexcept {
  return {static_cast<std::uint64_t>(facts.st_dev), static_cast<std::uint64_t>(facts.st_ino)};
}

Error unavailable(const std::string& path, const char* what) {
  return {ErrorCode::store_unavailable,
          "store directory " + path + ": " + what + ": " + std::strerror(errno)};
}

/// Deletes files of ours and directories of them; never follows a link. Two levels suffice.
void remove_tree(int parent, const char* name, int levels = 3) noexcept {
  if (::unlinkat(parent, name, 0) == 0 || levels == 0) return;
  const int opened = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(opened), &::closedir};
  if (!entries) {
    ::close(opened);
    return;
  }
  while (const dirent* entry = ::readdir(entries.get())) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    remove_tree(opened, entry->d_name, levels - 1);
  }
  ::unlinkat(parent, name, AT_REMOVEDIR);
}

bool same_file(int parent, const char* name, const FileIdentity& expected) noexcept {
  struct stat facts {};
  return ::fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
         identity_from(facts) == expected;
}

Result<FileDescriptor> lock_owner_file(int directory, const std::string& path) {
  FileDescriptor lock{
      ::openat(directory, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!lock) return unavailable(path, "owner.lock cannot be opened");
  // unowned_directories() of another process holds the lock for an instant: so, not only once.
  for (int tries = 3; ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return unavailable(path, "owner.lock cannot be locked");
    if (--tries == 0)
      return Error{ErrorCode::store_locked,
                   "store directory " + path + " is in use; give each process its own"};
    ::poll(nullptr, 0, 1);
  }
  // The owner before us may have removed the directory between our opening and our locking.
  if (!same_file(directory, lock_name, identity_of(lock.get())))
    return Error{ErrorCode::store_locked, "store directory " + path + " was just removed"};
  return lock;
}

}  // namespace

FileIdentity identity_of(int descriptor) noexcept {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 ? identity_from(facts) : FileIdentity{};
}

StoreDirectory::StoreDirectory(std::string path, FileDescriptor directory, FileDescriptor lock)
    : path_(std::move(path)),
      directory_(std::move(directory)),
      lock_(std::move(lock)),
      lock_guard_(lock_.get()),
      directory_identity_(identity_of(directory_.get())),
      lock_identity_(identity_of(lock_.get())) {}

Result<StoreDirectory> StoreDirectory::claim(const std::string& path, bool create) {
  Result<FileDescriptor> directory =
      open_private_directory(path, create ? Missing::create : Missing::fail);
  if (!directory) return std::move(directory).error();
  Result<FileDescriptor> lock = lock_owner_file(directory->get(), path);
  if (!lock) return std::move(lock).error();
  return StoreDirectory{path, std::move(*directory), std::move(*lock)};
}

Result<void> StoreDirectory::step_aside() {
  Result<FileDescriptor> side =
      open_private_subdirectory(directory_.get(), side_name, Missing::create);
  if (!side) return std::move(side).error();
  side_ = std::move(*side);
  return {};
}

DataFile StoreDirectory::examine_data_file() const {
  struct stat facts {};
  if (::fstatat(files(), data_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? DataFile::absent : DataFile::strange;
  const bool ordinary =
      S_ISREG(facts.st_mode) && facts.st_uid == ::geteuid() && facts.st_nlink == 1;
  return ordinary ? DataFile::ordinary : DataFile::strange;
}

Result<FileDescriptor> StoreDirectory::open_data_file() const {
  FileDescriptor file{::openat(files(), data_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (!file) return unavailable(path_, "data.mdb cannot be opened");
  return file;
}

bool StoreDirectory::intact(const FileIdentity& data_file, std::uint64_t used) const noexcept {
  struct stat facts {};
  if (::stat(path_.c_str(), &facts) != 0 || identity_from(facts) != directory_identity_ ||
      !same_file(directory_.get(), lock_name, lock_identity_))
    return false;
  return ::fstatat(files(), data_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
         identity_from(facts) == data_file && static_cast<std::uint64_t>(facts.st_size) >= used;
}

void StoreDirectory::quarantine_data_file(WallTime now) const {
  remove_tree(files(), quarantine_name);
  const std::string place = std::to_string(now.time_since_epoch().count());
  const std::string target = std::string{quarantine_name} + "/" + place + "/" + data_name;
  ::mkdirat(files(), quarantine_name, 0700);
  ::mkdirat(files(), (std::string{quarantine_name} + "/" + place).c_str(), 0700);
  if (::renameat(files(), data_name, files(), target.c_str()) != 0) {
    remove_tree(files(), data_name);
    return;
  }
  struct stat facts {};
  if (::fstatat(files(), target.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(facts.st_mode) || static_cast<std::uint64_t>(facts.st_size) <= largest_quarantined)
    return;
  if (facts.st_nlink != 1) {  // somebody else's name for it, too: not ours to cut
    ::unlinkat(files(), target.c_str(), 0);
    return;
  }
  const FileDescriptor file{::openat(files(), target.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (!file || ::ftruncate(file.get(), static_cast<off_t>(largest_quarantined)) != 0)
    ::unlinkat(files(), target.c_str(), 0);
}

void StoreDirectory::forget_ledger() const noexcept {
  ::unlinkat(files(), ledger_name, 0);
}

Result<FileDescriptor> StoreDirectory::begin_rebuild() const {
  remove_tree(files(), rebuild_name);
  return open_private_subdirectory(files(), rebuild_name, Missing::create);
}

Result<void> StoreDirectory::finish_rebuild() const {
  const std::string built = std::string{rebuild_name} + "/" + data_name;
  if (::renameat(files(), built.c_str(), files(), data_name) != 0)
    return unavailable(path_, "the rebuilt data.mdb cannot be put in place");
  ::fsync(files());
  remove_tree(files(), rebuild_name);
  return {};
}

void StoreDirectory::remove() && {
  const int parent = directory_.get();
  if (side_) {  // the rest is another version's
    remove_tree(parent, side_name);
    return;
  }
  for (const char* name : {data_name, ledger_name, rebuild_name, quarantine_name, side_name})
    remove_tree(parent, name);
  ::unlinkat(parent, lock_name, 0);
  ::rmdir(path_.c_str());
}

std::vector<std::string> unowned_directories(const std::string& root) {
  struct Candidate {
    std::string path;
    std::int64_t touched;
  };
  std::vector<Candidate> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::opendir(root.c_str()), &::closedir};
  if (!entries) return {};
  while (const dirent* entry = ::readdir(entries.get())) {
    if (entry->d_name[0] == '.') continue;
    const FileDescriptor directory{::openat(::dirfd(entries.get()), entry->d_name,
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    struct stat facts {};
    if (!directory || ::fstat(directory.get(), &facts) != 0 || facts.st_uid != ::geteuid())
      continue;
    const FileDescriptor lock{
        ::openat(directory.get(), lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    const bool has_data = ::fstatat(directory.get(), data_name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
    found.push_back({root + "/" + entry->d_name, has_data ? facts.st_mtim.tv_sec : 0});
  }
  const auto longest_untouched = [](const Candidate& a, const Candidate& b) {
    return a.touched < b.touched;
  };
  std::sort(found.begin(), found.end(), longest_untouched);
  if (found.size() > most_candidates) found.resize(most_candidates);
  std::vector<std::string> paths;
  for (Candidate& candidate : found) paths.push_back(std::move(candidate.path));
  return paths;
}

}  // namespace posthaste::persistence

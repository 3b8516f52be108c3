#include "persistence/safe_path.h"

#include "runtime/base/shared_directory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace posthaste::persistence {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

Error refused(const std::string& where, const std::string& why) {
  return {ErrorCode::store_unavailable, "store directory " + where + ": " + why};
}

Error refused_by_system(const std::string& where, const char* doing) {
  return refused(where, std::string{doing} + ": " + std::strerror(errno));
}

// f_type as the kernel writes it; those without a name in linux/magic.h by number.
bool is_coherent_file_system(int directory) {
  struct statfs facts {};
  if (::fstatfs(directory, &facts) != 0) return false;
  constexpr std::array<unsigned long, 9> known{
      EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,    TMPFS_MAGIC, RAMFS_MAGIC,
      OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, 0x2FC12FC1 /* ZFS */, 0xCA451A4E /* bcachefs */};
  const auto type = static_cast<unsigned long>(facts.f_type) & 0xFFFFFFFFul;
  return std::find(known.begin(), known.end(), type) != known.end();
}

/// A directory in which nobody but root can make or rename entries.
bool only_root_writes(const struct stat& facts) {
  return facts.st_uid == 0 && (facts.st_mode & writable_by_others) == 0;
}

Result<void> check_private(int directory, const std::string& where) {
  struct stat facts {};
  if (::fstat(directory, &facts) != 0) return refused_by_system(where, "cannot be examined");
  if (facts.st_uid != ::geteuid())
    return refused(where, "belongs to another user; give a directory of this user's own");
  if ((facts.st_mode & writable_by_others) != 0)
    return refused(where, "is writable by group or others; chmod 0700, or give another");
  if ((facts.st_mode & 0777) != 0700 && ::fchmod(directory, 0700) != 0)
    return refused_by_system(where, "cannot be made 0700");
  if (!is_coherent_file_system(directory))
    return refused(where,
                   "is on a file system where a shared mapping is not reliable (network, FUSE); "
                   "give one on a local disk");
  return {};
}

/// Walks a path from the root. Links are followed as long as nobody but root can have set them.
class PathWalk {
public:
  explicit PathWalk(const std::string& path) : path_(path) {}

  Result<FileDescriptor> run(Missing missing) {
    if (Result<void> split = split_path(); !split) return std::move(split).error();
    at_ = FileDescriptor{::open("/", directory_flags)};
    if (!at_) return refused_by_system("/", "cannot be opened");
    for (std::size_t i = 0; i < components_.size(); ++i) {
      reached_ += "/" + components_[i];
      if (Result<void> step = enter(components_[i], i + 1 == components_.size(), missing); !step)
        return std::move(step).error();
    }
    if (Result<void> checked = check_private(at_.get(), reached_); !checked)
      return std::move(checked).error();
    return std::move(at_);
  }

private:
  Result<void> split_path() {
    if (path_.empty() || path_.front() != '/') return refused(path_, "must be an absolute path");
    std::size_t begin = 1;
    while (begin <= path_.size()) {
      const std::size_t end = std::min(path_.find('/', begin), path_.size());
      std::string component = path_.substr(begin, end - begin);
      if (component == "." || component == "..") return refused(path_, "must not hold . or ..");
      if (component.find('\0') != std::string::npos) return refused(path_, "holds a zero byte");
      if (!component.empty()) components_.push_back(std::move(component));
      begin = end + 1;
    }
    if (components_.empty()) return refused(path_, "must not be the root");
    return {};
  }

  Result<void> enter(const std::string& name, bool last, Missing missing) {
    struct stat parent {};
    if (::fstat(at_.get(), &parent) != 0) return refused_by_system(reached_, "cannot be examined");
    trusted_ = trusted_ && only_root_writes(parent);
    if (sharing_of(at_.get()) == Sharing::open)
      return refused(reached_,
                     "lies in a directory where everybody can replace it; chmod it 1777 "
                     "or less, or give another");
    int next = ::openat(at_.get(), name.c_str(), directory_flags | O_NOFOLLOW);
    if (next < 0 && errno == ENOENT && missing == Missing::create) {
      if (::mkdirat(at_.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
        return refused_by_system(reached_, "cannot be created");
      next = ::openat(at_.get(), name.c_str(), directory_flags | O_NOFOLLOW);
    }
    if (next < 0 && (errno == ELOOP || errno == ENOTDIR)) {
      const bool link = is_link(name);
      if (link && (last || !trusted_))
        return refused(reached_, "is a symbolic link; give the path that it leads to");
      if (link) next = ::openat(at_.get(), name.c_str(), directory_flags);
      if (!link) errno = ENOTDIR;
    }
    if (next < 0) return refused_by_system(reached_, "cannot be opened");
    at_ = FileDescriptor{next};
    return {};
  }

  bool is_link(const std::string& name) const {
    struct stat facts {};
    return ::fstatat(at_.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(facts.st_mode);
  }

  const std::string& path_;
  std::vector<std::string> components_;
  std::string reached_;
  FileDescriptor at_;
  bool trusted_ = true;
};

}  // namespace

Result<FileDescriptor> open_private_directory(const std::string& path, Missing missing) {
  return PathWalk{path}.run(missing);
}

Result<FileDescriptor> open_private_subdirectory(int parent, const std::string& name,
                                                 Missing missing) {
  if (missing == Missing::create && ::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
    return refused_by_system(name, "cannot be created");
  FileDescriptor directory{::openat(parent, name.c_str(), directory_flags | O_NOFOLLOW)};
  if (!directory) return refused_by_system(name, "cannot be opened");
  if (Result<void> checked = check_private(directory.get(), name); !checked)
    return std::move(checked).error();
  return directory;
}

}  // namespace posthaste::persistence

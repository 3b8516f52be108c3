#include "runtime/arena/recorder_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace posthaste::arena {
namespace {

constexpr int times_free = 4;
constexpr int name_attempts = 8;

Error unavailable(const std::string& path, const std::string& why) {
  return Error(ErrorCode::arena_unavailable, path + ": " + why);
}

Error failed(const std::string& path) {
  return unavailable(path, system_error_text(errno));
}

Result<void> check_memory_file_system(int descriptor, const std::string& path) {
  struct statfs system {};
  if (::fstatfs(descriptor, &system) != 0) return failed(path);
  if (system.f_type != TMPFS_MAGIC && system.f_type != RAMFS_MAGIC) {
    return unavailable(path, "not a memory file system (tmpfs)");
  }
  return {};
}

Result<void> check_private(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failed(path);
  if (status.st_uid != ::geteuid()) return unavailable(path, "belongs to another user");
  if ((status.st_mode & 077) != 0) {
    return unavailable(path, "others have access to it: make its mode 0700");
  }
  return check_memory_file_system(descriptor, path);
}

Result<void> check_room(int descriptor, const std::string& path, std::size_t size) {
  struct statfs system {};
  if (::fstatfs(descriptor, &system) != 0) return failed(path);
  const auto free =
      static_cast<std::uint64_t>(system.f_bavail) * static_cast<std::uint64_t>(system.f_bsize);
  const bool unlimited = system.f_blocks == 0;
  if (!unlimited && free / times_free < size) {
    return unavailable(path, std::to_string(free >> 10) + " KiB free, and four times the arena's " +
                                 std::to_string(size >> 10) + " KiB are wanted");
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size) {  // else SIGXFSZ
    return unavailable(path, "the limit on file sizes (ulimit -f) is below the arena's " +
                                 std::to_string(size >> 10) + " KiB");
  }
  return {};
}

std::string file_name(std::uint64_t random) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%d-%016llx%s", static_cast<int>(::getpid()),
                static_cast<unsigned long long>(random), recorder_suffix);
  return text.data();
}

/// Nobody takes the file for an orphan's before it is locked: until then its name starts with a
/// dot. False, with errno, when that fails; EWOULDBLOCK if somebody who looks for orphans was
/// faster.
bool lock_and_name(int directory, int file, const std::string& hidden, const std::string& name,
                   std::size_t size) {
  const bool done = ::flock(file, LOCK_EX | LOCK_NB) == 0 &&
                    ::ftruncate(file, static_cast<off_t>(size)) == 0 &&
                    ::renameat(directory, hidden.c_str(), directory, name.c_str()) == 0;
  if (done) return true;
  const int error = errno;
  ::unlinkat(directory, hidden.c_str(), 0);
  errno = error;
  return false;
}

}  // namespace

std::string system_error_text(int error) {
  return std::generic_category().message(error);
}

Result<RecorderDirectory> open_recorder_directory(const std::string& directory,
                                                  MissingDirectory missing) {
  if (directory.empty() || directory.front() != '/') {
    return unavailable(directory, "not an absolute path");
  }
  FileDescriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return failed(directory);
  if (auto memory = check_memory_file_system(parent.get(), directory); !memory) {
    return memory.error();
  }
  const std::string name = "posthaste-" + std::to_string(::geteuid());
  const std::string path = directory + (directory.back() == '/' ? "" : "/") + name;
  if (missing == MissingDirectory::create && ::mkdirat(parent.get(), name.c_str(), 0700) != 0 &&
      errno != EEXIST) {
    return failed(path);
  }
  FileDescriptor own(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!own) return failed(path);
  if (auto checked = check_private(own.get(), path); !checked) return checked.error();
  return RecorderDirectory{std::move(own), path};
}

Result<RecorderFile> create_recorder_file(const std::string& directory, std::size_t size,
                                          std::uint64_t random) {
  auto own = open_recorder_directory(directory, MissingDirectory::create);
  if (!own) return own.error();
  const int at = own->descriptor.get();
  if (auto room = check_room(at, own->path, size); !room) return room.error();
  for (int attempt = 0; attempt < name_attempts; ++attempt, ++random) {
    const std::string name = file_name(random);
    const std::string hidden = "." + name;
    constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    FileDescriptor file(::openat(at, hidden.c_str(), flags, 0600));
    if (!file && errno == EEXIST) continue;
    if (!file) return failed(own->path + "/" + hidden);
    if (lock_and_name(at, file.get(), hidden, name, size)) {
      return RecorderFile{std::move(file), own->path + "/" + name};
    }
    if (errno != EWOULDBLOCK) return failed(own->path + "/" + name);
  }
  return unavailable(own->path, "no free name for the file");
}

}  // namespace posthaste::arena

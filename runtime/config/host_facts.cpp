#include "runtime/config/host_facts.h"

#include "runtime/base/file_descriptor.h"
#include "runtime/base/shared_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace posthaste::config {
namespace {

std::string read_host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::string read_executable_path() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return {};
  std::string_view name(path, static_cast<std::size_t>(length));
  // What the kernel adds when the file was replaced under the running program.
  constexpr std::string_view deleted = " (deleted)";
  if (name.ends_with(deleted)) name.remove_suffix(deleted.size());
  return std::string(name);
}

/// "glibc 2.36".
std::string read_c_library() {
  std::array<char, 64> text{};
  return ::confstr(_CS_GNU_LIBC_VERSION, text.data(), text.size()) == 0 ? "" : text.data();
}

std::string read_machine() {
  struct utsname names {};
  return ::uname(&names) == 0 ? names.machine : "";
}

std::optional<std::string> read_small_file(const char* path) {
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  std::string text(65'536, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

Result<std::string> read_regular_file(const std::string& path, std::size_t most_bytes) {
  const auto failed = [] { return Error(ErrorCode::invalid_setting, std::strerror(errno)); };
  // A pipe without a writer would hold up the host's start.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) return Error(ErrorCode::invalid_setting, "it is no regular file");
  std::string text(most_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most_bytes) {
    return Error(ErrorCode::invalid_setting,
                 "it has more than " + std::to_string(most_bytes) + " bytes");
  }
  text.resize(size);
  return text;
}

/// The first part of the path that exists: what is below it would be made.
std::string existing_part(std::string path) {
  struct stat status {};
  while (::lstat(path.c_str(), &status) != 0) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos || path.size() == 1) return {};
    path.resize(slash == 0 ? 1 : slash);
  }
  return path;
}

/// The least safe of what a directory of this path lies in.
Sharing sharing_above(const std::string& path) {
  Sharing least = Sharing::safe;
  for (std::string above = path; above.size() > 1;) {
    const std::size_t slash = above.find_last_of('/');
    if (slash == std::string::npos) break;
    above.resize(slash == 0 ? 1 : slash);
    const FileDescriptor directory(::open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (directory) least = std::max(least, sharing_of(directory.get()));
  }
  return least;
}

bool is_writable_directory(const std::string& path) {
  const std::string existing = existing_part(path);
  struct stat status {};
  if (existing.empty() || ::stat(existing.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return false;
  }
  return ::faccessat(AT_FDCWD, existing.c_str(), W_OK | X_OK, AT_EACCESS) == 0 &&
         sharing_above(path) != Sharing::open;
}

}  // namespace

HostFacts HostFacts::of_process() {
  const std::string executable = read_executable_path();
  const std::string library = read_c_library();
  const std::size_t blank = std::min(library.find(' '), library.size());
  return {.host_name = read_host_name(),
          .executable = executable.substr(executable.rfind('/') + 1),
          .process_id = static_cast<std::uint32_t>(::getpid()),
          .executable_path = executable,
          .user_id = ::geteuid(),
          .machine = read_machine(),
          .runtime_name = library.substr(0, blank),
          .runtime_version = library.substr(std::min(blank + 1, library.size())),
          .read_file = read_small_file,
          .read_whole_file = read_regular_file,
          .lies_in_shared_volume =
              [](const std::string& path) { return sharing_above(path) == Sharing::volume; },
          .can_hold_directory = is_writable_directory};
}

}  // namespace posthaste::config

#include "runtime/config/host_facts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <string_view>

namespace posthaste::config {
namespace {

std::string read_host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::string read_executable() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return {};
  std::string_view name(path, static_cast<std::size_t>(length));
  name.remove_prefix(name.rfind('/') + 1);
  // What the kernel adds when the file was replaced under the running program.
  constexpr std::string_view deleted = " (deleted)";
  if (name.ends_with(deleted)) name.remove_suffix(deleted.size());
  return std::string(name);
}

// Looks at the first part of the path that exists: what is below it would be made.
bool is_writable_directory(const std::string& path) {
  std::string existing = path;
  struct stat status {};
  while (::lstat(existing.c_str(), &status) != 0) {
    const std::size_t slash = existing.find_last_of('/');
    if (slash == std::string::npos) return false;
    if (slash == 0 && existing.size() == 1) return false;
    existing.resize(slash == 0 ? 1 : slash);
  }
  if (::stat(existing.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
  return ::faccessat(AT_FDCWD, existing.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

}  // namespace

HostFacts HostFacts::of_process() {
  return {.host_name = read_host_name(),
          .executable = read_executable(),
          .process_id = static_cast<std::uint32_t>(::getpid()),
          .can_hold_directory = is_writable_directory};
}

}  // namespace posthaste::config

#include "runtime/arena/memory_left.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace posthaste::arena {
namespace {

constexpr std::size_t most_lines = 10'000;

/// One of the two hierarchies: version 2, or the memory controller of version 1.
struct Names {
  const char* limit;
  const char* usage;
  const char* inactive;
};
constexpr Names version_1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
constexpr Names version_2{"memory.max", "memory.current", "inactive_file"};

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; lines.size() < most_lines && std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  const std::vector<std::string> lines = lines_of(path);
  return lines.empty() ? std::nullopt : number(lines.front());  // "max" is no number: no limit
}

bool has_word(std::string_view list, std::string_view word) {
  std::istringstream words{std::string(list)};
  for (std::string each; std::getline(words, each, ',');) {
    if (each == word) return true;
  }
  return false;
}

/// Of a line of /proc/self/mountinfo.
struct Mount {
  std::string root;
  std::string point;
  std::string type;
  std::string options;
};

Mount mount_of(const std::string& line) {
  Mount mount;
  std::string skipped;
  std::istringstream fields(line);
  fields >> skipped >> skipped >> skipped >> mount.root >> mount.point;
  while (fields >> skipped && skipped != "-") {
  }
  fields >> mount.type >> skipped >> mount.options;
  return mount;
}

/// The path of this process in a hierarchy, by /proc/self/cgroup: "id:controllers:path".
std::optional<std::string> own_path(const std::string& root, bool second_version) {
  for (const std::string& line : lines_of(root + "/proc/self/cgroup")) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (second_version ? line.substr(0, first) == "0" && controllers.empty()
                       : has_word(controllers, "memory")) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

std::uint64_t reclaimable(const std::string& directory, const Names& names) {
  for (const std::string& line : lines_of(directory + "/memory.stat")) {
    const std::size_t space = line.find(' ');
    if (line.substr(0, space) != names.inactive) continue;
    return number(std::string_view(line).substr(space + 1)).value_or(0);
  }
  return 0;
}

void take_least(std::optional<Bytes>& least, const std::string& directory, const Names& names) {
  const auto limit = number_in(directory + '/' + names.limit);
  const auto usage = number_in(directory + '/' + names.usage);
  if (!limit || !usage) return;
  const std::uint64_t kept = *usage - std::min(*usage, reclaimable(directory, names));
  const Bytes left{*limit - std::min(*limit, kept)};
  if (!least || left < *least) least = left;
}

/// From the process's own group up to the root of the mount.
void look_at(std::optional<Bytes>& least, const std::string& root, const Mount& mount,
             std::string path, const Names& names) {
  if (mount.root != "/" && path.compare(0, mount.root.size(), mount.root) == 0) {
    path.erase(0, mount.root.size());
  }
  for (;;) {
    take_least(least, root + mount.point + path, names);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return;
    path.resize(slash);
  }
}

}  // namespace

std::optional<Bytes> memory_left(const std::string& root) {
  std::optional<Bytes> least;
  for (const std::string& line : lines_of(root + "/proc/self/mountinfo")) {
    const Mount mount = mount_of(line);
    const bool second_version = mount.type == "cgroup2";
    if (!second_version && (mount.type != "cgroup" || !has_word(mount.options, "memory"))) continue;
    const auto path = own_path(root, second_version);
    if (path) look_at(least, root, mount, *path, second_version ? version_2 : version_1);
  }
  return least;
}

}  // namespace posthaste::arena

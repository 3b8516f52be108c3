#include "runtime/host/cgroup_files.h"

#include "runtime/host/text_fields.h"

namespace posthaste::host {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t most_groups = 4;
constexpr std::size_t most_folders = 64;
constexpr std::uint64_t ns_per_second = 1'000'000'000;

bool has_word(std::string_view list, std::string_view word) noexcept {
  while (!list.empty()) {
    if (take_until(list, ',') == word) return true;
  }
  return false;
}

/// Of a line of /proc/self/mountinfo.
struct Mount {
  std::string_view root;
  std::string_view point;
  std::string_view type;
  std::string_view options;
};

Mount mount_of(std::string_view line) noexcept {
  Mount mount;
  for (int skipped = 0; skipped < 3; ++skipped) take_word(line);
  mount.root = take_word(line);
  mount.point = take_word(line);
  for (std::string_view word = take_word(line); !word.empty() && word != "-";) {
    word = take_word(line);
  }
  mount.type = take_word(line);
  take_word(line);
  mount.options = take_word(line);
  return mount;
}

/// The path of this process in a hierarchy, by lines "id:controllers:path".
std::optional<std::string_view> own_path(std::string_view cgroup, CgroupVersion version,
                                         std::string_view controller) noexcept {
  while (!cgroup.empty()) {
    std::string_view path = take_until(cgroup, '\n');
    const std::string_view id = take_until(path, ':');
    const std::string_view controllers = take_until(path, ':');
    if (!path.starts_with('/')) continue;
    if (version == CgroupVersion::two ? id == "0" && controllers.empty()
                                      : has_word(controllers, controller)) {
      return path;
    }
  }
  return std::nullopt;
}

/// `path` as seen from the root of the mount.
std::string_view below(std::string_view root, std::string_view path) noexcept {
  if (root == "/" || !path.starts_with(root)) return path;
  const std::string_view rest = path.substr(root.size());
  return rest.empty() || rest.front() == '/' ? rest : path;
}

Cgroup group_at(CgroupVersion version, const Mount& mount, std::string_view path) {
  Cgroup group{.version = version, .whole_machine = mount.root == "/" && path == "/"};
  path = below(mount.root, path);
  while (path.ends_with('/')) path.remove_suffix(1);
  for (;;) {
    group.folders.push_back(std::string(mount.point).append(path));
    if (path.empty() || group.folders.size() == most_folders) return group;
    path = path.substr(0, path.rfind('/'));
  }
}

/// Nothing when it is more than an int64 holds.
std::optional<nanoseconds> times(std::optional<std::uint64_t> count,
                                 std::uint64_t unit_ns) noexcept {
  if (!count || *count > static_cast<std::uint64_t>(INT64_MAX) / unit_ns) return std::nullopt;
  return nanoseconds{static_cast<std::int64_t>(*count * unit_ns)};
}

std::optional<GroupCpu> both(std::optional<nanoseconds> user,
                             std::optional<nanoseconds> system) noexcept {
  if (!user || !system) return std::nullopt;
  return GroupCpu{*user, *system};
}

}  // namespace

std::vector<Cgroup> find_cgroups(std::string_view mountinfo, std::string_view cgroup,
                                 std::string_view controller) {
  std::vector<Cgroup> groups;
  while (!mountinfo.empty() && groups.size() < most_groups) {
    const Mount mount = mount_of(take_until(mountinfo, '\n'));
    const auto version = mount.type == "cgroup2" ? CgroupVersion::two : CgroupVersion::one;
    if (version == CgroupVersion::one &&
        (mount.type != "cgroup" || !has_word(mount.options, controller))) {
      continue;
    }
    const auto path = own_path(cgroup, version, controller);
    // A group outside of what is mounted here is written as "/../...", and cannot be seen.
    if (!path || path->find("/..") != std::string_view::npos) continue;
    groups.push_back(group_at(version, mount, *path));
  }
  return groups;
}

std::optional<std::uint64_t> parse_memory_amount(std::string_view text) noexcept {
  constexpr std::uint64_t no_limit = std::uint64_t{1} << 62;
  const auto amount = number_of(take_word(text));
  return amount && *amount < no_limit ? amount : std::nullopt;
}

std::optional<std::uint64_t> parse_inactive_file(std::string_view text,
                                                 CgroupVersion version) noexcept {
  return number_at(text, version == CgroupVersion::two ? "inactive_file" : "total_inactive_file");
}

std::optional<GroupCpu> parse_cpu_stat(std::string_view text) noexcept {
  return both(times(number_at(text, "user_usec"), 1000),
              times(number_at(text, "system_usec"), 1000));
}

std::optional<GroupCpu> parse_cpuacct_stat(std::string_view text,
                                           std::uint64_t ticks_per_second) noexcept {
  if (ticks_per_second == 0 || ticks_per_second > ns_per_second) return std::nullopt;
  const std::uint64_t tick = ns_per_second / ticks_per_second;
  return both(times(number_at(text, "user"), tick), times(number_at(text, "system"), tick));
}

std::optional<nanoseconds> parse_throttled(std::string_view text, CgroupVersion version) noexcept {
  return version == CgroupVersion::two ? times(number_at(text, "throttled_usec"), 1000)
                                       : times(number_at(text, "throttled_time"), 1);
}

}  // namespace posthaste::host

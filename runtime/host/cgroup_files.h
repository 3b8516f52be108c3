#pragma once

/// Control groups, version 1 and 2: where those of this process lie, and what their files say. Pure:
/// the texts come from outside and may be anything; what makes no sense is nothing.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::host {

enum class CgroupVersion : std::uint8_t { one, two };

/// This process's group in one hierarchy that is mounted.
struct Cgroup {
  CgroupVersion version = CgroupVersion::two;
  /// The group's folder, then those of its ancestors up to the root of the mount; never empty.
  std::vector<std::string> folders = {};
  /// It is the hierarchy's first group: what it counts is the whole machine's.
  bool whole_machine = false;
};

/// Those that may have `controller` ("memory", "cpu", "cpuacct"): of version 2 it is not known
/// before its files are looked for. From the texts of /proc/self/mountinfo and /proc/self/cgroup;
/// at most 4, each of at most 64 folders.
std::vector<Cgroup> find_cgroups(std::string_view mountinfo, std::string_view cgroup,
                                 std::string_view controller);

/// A file with one number, in bytes. "max", and version 1's number for no limit, are nothing.
std::optional<std::uint64_t> parse_memory_amount(std::string_view text) noexcept;

/// Of memory.stat: page cache that the kernel gives up first.
std::optional<std::uint64_t> parse_inactive_file(std::string_view text,
                                                 CgroupVersion version) noexcept;

struct GroupCpu {
  std::chrono::nanoseconds user;
  std::chrono::nanoseconds system;
};
/// Of cpu.stat (version 2).
std::optional<GroupCpu> parse_cpu_stat(std::string_view text) noexcept;
/// Of cpuacct.stat (version 1), in clock ticks.
std::optional<GroupCpu> parse_cpuacct_stat(std::string_view text,
                                           std::uint64_t ticks_per_second) noexcept;
/// Of cpu.stat of either version: how long the group had work, and had used up its quota.
std::optional<std::chrono::nanoseconds> parse_throttled(std::string_view text,
                                                        CgroupVersion version) noexcept;

}  // namespace posthaste::host

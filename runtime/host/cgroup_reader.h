#pragma once

/// What the control groups of this process say: of a container, or of a service of systemd.
///
/// Threads:  one at a time. Blocking: some 10 µs a file, by the kernel's own work.
/// Memory:   paths and a buffer of 8 KiB; no allocation after the constructor, which reads
///           /proc/self/mountinfo (at most 256 KiB of it) and /proc/self/cgroup.

#include "runtime/host/cgroup_files.h"
#include "runtime/host/small_file.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace posthaste::host {

struct GroupMemory {
  std::uint64_t usage;        // bytes, page cache included
  std::uint64_t working_set;  // without the cache that the kernel gives up first
  /// The least limit of the group and its ancestors; nothing: no limit.
  std::optional<std::uint64_t> limit;
  /// What the working sets of group and ancestors leave of their limits, the least of all.
  std::optional<std::uint64_t> available;
};

class CgroupReader {
public:
  /// `root` is put before every path; tests give a tree of their own.
  explicit CgroupReader(const std::string& root = {}, std::uint64_t ticks_per_second = 100);

  /// Of the nearest group that counts it. Nothing: there is no group but the whole machine's, or its
  /// files cannot be read.
  std::optional<GroupMemory> memory();
  std::optional<GroupCpu> cpu();
  std::optional<std::chrono::nanoseconds> throttled();

private:
  struct MemoryFiles {
    std::string usage, limit, stat;
  };
  struct Amounts {
    std::uint64_t usage, working_set;
    std::optional<std::uint64_t> limit;
  };
  struct CpuFile {
    CgroupVersion version = CgroupVersion::two;
    std::string path = {};  // empty: there is none
  };
  void find_memory(const std::string& root, const Cgroup& group);
  void find_cpu(const std::string& root, const Cgroup& group, const char* file_of_one, CpuFile& to);
  std::optional<std::uint64_t> amount_in(const std::string& path);
  std::optional<Amounts> amounts_in(const MemoryFiles& files);

  const std::uint64_t ticks_per_second_;
  CgroupVersion memory_version_ = CgroupVersion::two;
  std::vector<MemoryFiles> memory_;  // of the nearest group that counts, then of its ancestors
  CpuFile times_;
  CpuFile throttled_;
  SmallFile file_;
};

}  // namespace posthaste::host

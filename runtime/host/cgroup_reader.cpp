#include "runtime/host/cgroup_reader.h"

#include <algorithm>

namespace posthaste::host {
namespace {

constexpr std::size_t longest_table = 256 * 1024;  // of mounts

/// The least of two, where nothing is more than anything.
void take_least(std::optional<std::uint64_t>& least, std::uint64_t amount) noexcept {
  least = std::min(least.value_or(amount), amount);
}

}  // namespace

CgroupReader::CgroupReader(const std::string& root, std::uint64_t ticks_per_second)
    : ticks_per_second_(ticks_per_second) {
  const std::string mounts = read_text(root + "/proc/self/mountinfo", longest_table);
  const std::string own = read_text(root + "/proc/self/cgroup", longest_table);
  for (const Cgroup& group : find_cgroups(mounts, own, "memory")) find_memory(root, group);
  for (const Cgroup& group : find_cgroups(mounts, own, "cpuacct")) {
    find_cpu(root, group, "/cpuacct.stat", times_);
  }
  for (const Cgroup& group : find_cgroups(mounts, own, "cpu")) {
    find_cpu(root, group, "/cpu.stat", throttled_);
  }
}

void CgroupReader::find_memory(const std::string& root, const Cgroup& group) {
  const bool two = group.version == CgroupVersion::two;
  // The first group of version 2 has no such files.
  if (!memory_.empty() || (!two && group.whole_machine)) return;
  for (const std::string& folder : group.folders) {
    const std::string path = root + folder;
    MemoryFiles files{path + (two ? "/memory.current" : "/memory.usage_in_bytes"),
                      path + (two ? "/memory.max" : "/memory.limit_in_bytes"),
                      path + "/memory.stat"};
    if (memory_.empty() && !amount_in(files.usage)) continue;
    memory_.push_back(std::move(files));
  }
  memory_version_ = group.version;
}

void CgroupReader::find_cpu(const std::string& root, const Cgroup& group, const char* file_of_one,
                            CpuFile& to) {
  if (!to.path.empty()) return;
  const bool two = group.version == CgroupVersion::two;
  const std::string folder = root + group.folders.front();
  // The first group of version 2 has no events, but times: of the whole machine.
  const bool whole = two ? !file_.read((folder + "/cgroup.events").c_str()) : group.whole_machine;
  const std::string path = folder + (two ? "/cpu.stat" : file_of_one);
  if (!whole && file_.read(path.c_str())) to = {group.version, path};
}

std::optional<std::uint64_t> CgroupReader::amount_in(const std::string& path) {
  const auto text = file_.read(path.c_str());
  return text ? parse_memory_amount(*text) : std::nullopt;
}

std::optional<CgroupReader::Amounts> CgroupReader::amounts_in(const MemoryFiles& files) {
  const auto usage = amount_in(files.usage);
  if (!usage) return std::nullopt;
  const auto text = file_.read(files.stat.c_str());
  const auto inactive = text ? parse_inactive_file(*text, memory_version_) : std::nullopt;
  return Amounts{.usage = *usage,
                 .working_set = *usage - std::min(*usage, inactive.value_or(0)),
                 .limit = amount_in(files.limit)};
}

std::optional<GroupMemory> CgroupReader::memory() {
  std::optional<GroupMemory> memory;
  for (const MemoryFiles& files : memory_) {
    const auto amounts = amounts_in(files);
    if (!memory && !amounts) return std::nullopt;
    if (!memory) memory = GroupMemory{amounts->usage, amounts->working_set, {}, {}};
    if (!amounts || !amounts->limit) continue;
    take_least(memory->limit, *amounts->limit);
    take_least(memory->available,
               *amounts->limit - std::min(*amounts->limit, amounts->working_set));
  }
  return memory;
}

std::optional<GroupCpu> CgroupReader::cpu() {
  if (times_.path.empty()) return std::nullopt;
  const auto text = file_.read(times_.path.c_str());
  if (!text) return std::nullopt;
  return times_.version == CgroupVersion::two ? parse_cpu_stat(*text)
                                              : parse_cpuacct_stat(*text, ticks_per_second_);
}

std::optional<std::chrono::nanoseconds> CgroupReader::throttled() {
  if (throttled_.path.empty()) return std::nullopt;
  const auto text = file_.read(throttled_.path.c_str());
  return text ? parse_throttled(*text, throttled_.version) : std::nullopt;
}

}  // namespace posthaste::host

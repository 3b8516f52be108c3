// The files of /proc and /sys that performance counters and process metrics are read from: no text
// crashes a parser, and what comes out keeps what the headers promise.

#include "runtime/host/cgroup_files.h"
#include "runtime/host/process_files.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void need(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthaste::host;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_process_stat(text));
  static_cast<void>(parse_process_io(text));
  static_cast<void>(parse_available_memory(text));
  const auto ticks = parse_processor_ticks(text);
  need(!ticks || ticks->idle <= ticks->total);
  static_cast<void>(parse_memory_amount(text));
  const auto cpu = parse_cpu_stat(text);
  need(!cpu || (cpu->user.count() >= 0 && cpu->system.count() >= 0));
  const auto accounted = parse_cpuacct_stat(text, 100);
  need(!accounted || (accounted->user.count() >= 0 && accounted->system.count() >= 0));
  for (const CgroupVersion version : {CgroupVersion::one, CgroupVersion::two}) {
    static_cast<void>(parse_inactive_file(text, version));
    const auto throttled = parse_throttled(text, version);
    need(!throttled || throttled->count() >= 0);
  }
  // The first blank line parts the two files.
  const std::size_t half = text.find("\n\n");
  const std::string_view mounts = text.substr(0, half);
  const std::string_view own = half == std::string_view::npos ? text : text.substr(half);
  const auto groups = find_cgroups(mounts, own, "memory");
  need(groups.size() <= 4);
  for (const Cgroup& group : groups) {
    need(!group.folders.empty() && group.folders.size() <= 64);
    for (const std::string& folder : group.folders) need(folder.size() <= 2 * size);
  }
  return 0;
}

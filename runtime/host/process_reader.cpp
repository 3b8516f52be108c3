#include "runtime/host/process_reader.h"

#include "runtime/base/boot_clock.h"
#include "runtime/base/file_descriptor.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace posthaste::host {
namespace {

constexpr std::array file_names{"/proc/self/stat", "/proc/self/io", "/proc/self/fd",
                                "/proc/meminfo", "/proc/stat"};

std::chrono::nanoseconds time_of(const timeval& time) noexcept {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

ProcessUsage usage_of_process() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {.user = time_of(usage.ru_utime),
          .system = time_of(usage.ru_stime),
          .minor_faults = static_cast<std::uint64_t>(usage.ru_minflt),
          .major_faults = static_cast<std::uint64_t>(usage.ru_majflt),
          .voluntary_switches = static_cast<std::uint64_t>(usage.ru_nvcsw),
          .involuntary_switches = static_cast<std::uint64_t>(usage.ru_nivcsw)};
}

/// Those that the scheduler may choose from, or, beyond 1,024 of them, those that are online.
unsigned processors_of_process() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Of the process, not of this thread alone: its first thread's.
  long count = ::sched_getaffinity(::getpid(), sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
  if (count < 1) count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return static_cast<unsigned>(std::max(count, 1L));
}

/// Entries of a folder, "." and ".." left out, up to the most that are counted.
std::optional<std::uint64_t> entries_of(int folder) noexcept {
  // The head of what getdents64 writes; readdir would allocate.
  struct Entry {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    std::uint8_t type;
  };
  alignas(Entry) std::array<char, 8192> buffer;
  std::uint64_t count = 0;
  while (count < ProcessReader::most_counted + 2) {
    const long size = ::syscall(SYS_getdents64, folder, buffer.data(), buffer.size());
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    for (long at = 0; at < size; ++count) {
      Entry entry;
      std::memcpy(&entry, buffer.data() + at, sizeof entry);
      at += entry.length;
    }
  }
  return count - std::min<std::uint64_t>(count, 2);
}

/// How many descriptors the folder /proc/self/fd shows, without the one that it is read by.
std::optional<std::uint64_t> descriptors_in(const char* path) noexcept {
  const FileDescriptor folder(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return std::nullopt;
  struct stat status {};
  struct statfs system {};
  const bool counts = ::fstatfs(folder.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
  if (counts && ::fstat(folder.get(), &status) == 0 && status.st_size > 0) {
    return static_cast<std::uint64_t>(status.st_size) - 1;
  }
  const auto entries = entries_of(folder.get());
  return entries && counts ? std::optional(*entries - std::min<std::uint64_t>(*entries, 1))
                           : entries;
}

}  // namespace

MachineCalls MachineCalls::of_process() {
  return {.usage = usage_of_process,
          .processors = processors_of_process,
          .since_boot = [] { return system_boot_time().since_boot; },
          .page_size = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PAGESIZE), 1L)),
          .ticks_per_second = static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L))};
}

ProcessReader::ProcessReader(std::string root, MachineCalls calls) : calls_(std::move(calls)) {
  static_assert(file_names.size() == count_);
  for (std::size_t i = 0; i < paths_.size(); ++i) paths_[i] = root + file_names[i];
}

template <class Parse>
auto ProcessReader::read(File file, Parse&& parse) -> decltype(parse(std::string_view())) {
  const auto text = file_.read(paths_[file].c_str());
  if (!text) {
    errors_[file] = file_.error();
    return std::nullopt;
  }
  auto parsed = parse(*text);
  errors_[file] = parsed ? 0 : not_understood;
  return parsed;
}

std::optional<ProcessState> ProcessReader::state() {
  const auto read_stat = read(stat, parse_process_stat);
  if (!read_stat) return std::nullopt;
  using Seconds = std::chrono::duration<double>;
  const Seconds started(static_cast<double>(read_stat->started) /
                        static_cast<double>(calls_.ticks_per_second));
  const Seconds age = std::max(Seconds(calls_.since_boot()) - started, Seconds::zero());
  return ProcessState{.resident_bytes = read_stat->resident_pages * calls_.page_size,
                      .virtual_bytes = read_stat->virtual_bytes,
                      .threads = read_stat->threads,
                      .age = age};
}

std::optional<DiskTransfer> ProcessReader::disk_transfer() {
  return read(io, parse_process_io);
}

std::optional<std::uint64_t> ProcessReader::open_descriptors() {
  const auto count = descriptors_in(paths_[descriptors].c_str());
  errors_[descriptors] = count ? 0 : errno;
  return count;
}

std::optional<std::uint64_t> ProcessReader::available_memory() {
  return read(memory, parse_available_memory);
}

std::optional<ProcessorTicks> ProcessReader::processor_ticks() {
  return read(processors_stat, parse_processor_ticks);
}

std::string ProcessReader::failures() const {
  std::string text;
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    if (errors_[i] == 0) continue;
    if (!text.empty()) text += "; ";
    text += paths_[i] + ": ";
    text += errors_[i] == not_understood ? "is not understood"
                                         : std::generic_category().message(errors_[i]);
  }
  return text;
}

}  // namespace posthaste::host

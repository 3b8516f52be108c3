#pragma once

/// Reads the files of /proc that tell of this process and its machine (proc(5)). Pure: the texts
/// come from outside and may be anything; what is not there, or makes no sense, is nothing.

#include <cstdint>
#include <optional>
#include <string_view>

namespace posthaste::host {

/// Of /proc/self/stat.
struct ProcessStat {
  std::uint64_t threads;
  std::uint64_t started;  // clock ticks after the boot
  std::uint64_t virtual_bytes;
  std::uint64_t resident_pages;
};
std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept;

/// Of /proc/self/io: what really went to and came from a disk, in bytes.
struct DiskTransfer {
  std::uint64_t read;
  std::uint64_t written;
};
std::optional<DiskTransfer> parse_process_io(std::string_view text) noexcept;

/// Of /proc/meminfo: bytes that can be had without swapping; what is free, on kernels before 3.14.
std::optional<std::uint64_t> parse_available_memory(std::string_view text) noexcept;

/// Of the first line of /proc/stat: clock ticks of all processors together since the boot. Waiting
/// for a disk is idle; guests are in the time of who runs them.
struct ProcessorTicks {
  std::uint64_t total;
  std::uint64_t idle;  // <= total
};
std::optional<ProcessorTicks> parse_processor_ticks(std::string_view text) noexcept;

}  // namespace posthaste::host

#pragma once

/// What the kernel says about this process and its machine, asked anew by each call. Nothing is
/// returned where /proc is not mounted, hidden, or not to be read by this process; `failures` says
/// what could not be read, and why.
///
/// Threads:  one at a time. Blocking: some 10 µs a call, by the kernel's own work.
/// Memory:   a buffer of 8 KiB; no allocation after the constructor.

#include "runtime/host/process_files.h"
#include "runtime/host/small_file.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace posthaste::host {

/// What all threads of the process have used since it began, those that have ended included.
struct ProcessUsage {
  std::chrono::nanoseconds user{};
  std::chrono::nanoseconds system{};
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;

  std::chrono::nanoseconds processor_time() const noexcept { return user + system; }
};

/// System calls, and constants of the machine; tests have their own.
struct MachineCalls {
  std::function<ProcessUsage()> usage;
  std::function<unsigned()> processors;  // that the process may run on; at least 1
  std::function<std::chrono::nanoseconds()> since_boot;
  std::uint64_t page_size = 4096;        // bytes
  std::uint64_t ticks_per_second = 100;  // of times in /proc

  static MachineCalls of_process();
};

struct ProcessState {
  std::uint64_t resident_bytes;
  std::uint64_t virtual_bytes;
  std::uint64_t threads;
  std::chrono::duration<double> age;
};

class ProcessReader {
public:
  /// Descriptors beyond it are not counted where the kernel (before 6.2) lets them be counted only
  /// one by one.
  static constexpr std::uint64_t most_counted = 65'536;

  /// `root` is put before every path; tests give a tree of their own.
  explicit ProcessReader(std::string root = {}, MachineCalls calls = MachineCalls::of_process());

  ProcessUsage usage() const { return calls_.usage(); }
  unsigned processors() const { return calls_.processors(); }
  std::optional<ProcessState> state();
  std::optional<DiskTransfer> disk_transfer();
  std::optional<std::uint64_t> open_descriptors();
  std::optional<std::uint64_t> available_memory();
  std::optional<ProcessorTicks> processor_ticks();

  /// "/proc/self/io: Permission denied; ..." of what the calls so far could not read; empty: all
  /// went well. May throw std::bad_alloc.
  std::string failures() const;

private:
  enum File : std::uint8_t { stat, io, descriptors, memory, processors_stat, count_ };
  static constexpr int not_understood = -1;

  template <class Parse>
  auto read(File file, Parse&& parse) -> decltype(parse(std::string_view()));

  const MachineCalls calls_;
  std::array<std::string, count_> paths_;
  std::array<int, count_> errors_{};  // errno, or not_understood
  SmallFile file_;
};

}  // namespace posthaste::host

#pragma once

/// Time since the machine booted, suspend included, and which boot it was: ages that outlive a
/// process and do not follow the wall clock. Passed in as a callable where it is needed; this is
/// the machine's own.
///
/// Threads: any. Blocking: reads one small file of /proc, once.

#include <array>
#include <chrono>
#include <cstddef>

namespace posthaste {

using BootId = std::array<std::byte, 16>;  // all zero: not known, never equal to another boot

struct BootTime {
  BootId boot{};
  std::chrono::nanoseconds since_boot{};

  friend bool operator==(const BootTime&, const BootTime&) = default;
};

/// The machine's boot id and the time since it booted.
BootTime system_boot_time() noexcept;

}  // namespace posthaste

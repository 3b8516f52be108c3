#pragma once

/// What the machine says about this process, apart from its environment. Read once at start; tests
/// pass their own. An ordinary value.

#include <cstdint>
#include <functional>
#include <string>

namespace posthaste::config {

struct HostFacts {
  std::string host_name;   // empty when the machine does not say
  std::string executable;  // the file's name without its folder; empty when /proc does not say
  std::uint32_t process_id = 0;
  /// Whether a directory of this path is there and may be written, or may be made.
  std::function<bool(const std::string& path)> can_hold_directory;

  static HostFacts of_process();
};

}  // namespace posthaste::config

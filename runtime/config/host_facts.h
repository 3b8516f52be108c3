#pragma once

/// What the machine says about this process, apart from its environment. Read once at start; tests
/// pass their own. An ordinary value.

#include <posthaste/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace posthaste::config {

struct HostFacts {
  std::string host_name;   // empty when the machine does not say
  std::string executable;  // the file's name without its folder; empty when /proc does not say
  std::uint32_t process_id = 0;
  std::string executable_path = {};
  std::uint32_t user_id = 0;      // effective
  std::string machine = {};       // as uname calls it: "x86_64"
  std::string runtime_name = {};  // of the C library
  std::string runtime_version = {};
  /// The text of a small file, at most 64 KiB of it; nothing if it cannot be read.
  std::function<std::optional<std::string>(const char* path)> read_file = {};
  /// The text of a regular file, if it has at most so many bytes; else why not, in words. Null: no
  /// file can be read.
  std::function<Result<std::string>(const std::string& path, std::size_t most_bytes)>
      read_whole_file = {};
  /// Whether everybody may replace a directory of this path, but for the kind of place that is
  /// taken all the same: the root of a volume. Null: nobody may.
  std::function<bool(const std::string& path)> lies_in_shared_volume = {};
  /// Whether a directory of this path is there and may be written, or may be made, and nobody else
  /// can replace it.
  std::function<bool(const std::string& path)> can_hold_directory;

  static HostFacts of_process();
};

}  // namespace posthaste::config

#pragma once

/// Where the store and the arena may lie: candidates in their order, as functions of settings and
/// environment. Whether a place is fit (owner, mode, kind of file system, room) is decided by who
/// opens it; only the store's candidates are looked at here, by HostFacts. Any thread.

#include "runtime/config/environment.h"
#include "runtime/config/host_facts.h"

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

struct DirectoryCandidate {
  std::string path;    // absolute
  std::string source;  // for messages: "store.directory", "$STATE_DIRECTORY", "/var/lib"
  friend bool operator==(const DirectoryCandidate&, const DirectoryCandidate&) = default;
};

/// `name` as one file name: letters, digits, '.', '-' and '_' stay, the rest becomes '_'; at most
/// 100 bytes; never empty, and never with a dot in front.
std::string directory_name(std::string_view name);

/// `directory` alone if it is set; else posthaste/<app> below $STATE_DIRECTORY (the first of its
/// list), $XDG_STATE_HOME or $HOME/.local/state, and /var/lib. Relative paths in the environment
/// are left out with a warning.
std::vector<DirectoryCandidate> store_candidates(std::string_view directory, std::string_view app,
                                                 const Environment& environment,
                                                 std::vector<Diagnostic>& warnings);

/// `directory` alone if it is set; else $RUNTIME_DIRECTORY (the first of its list),
/// $XDG_RUNTIME_DIR, /dev/shm. These are the roots: the arena makes its own directory below.
std::vector<DirectoryCandidate> arena_candidates(std::string_view directory,
                                                 const Environment& environment,
                                                 std::vector<Diagnostic>& warnings);

/// The first that can be written or made; null when none can.
const DirectoryCandidate* first_usable(const std::vector<DirectoryCandidate>& candidates,
                                       const HostFacts& host);

}  // namespace posthaste::config

#pragma once

/// How much memory this process may still take before a memory cgroup, its own or any above it,
/// kills somebody: the recorder's file is charged to it and can fail in no other way.
///
/// Threads: any. Blocking: reads a few files of /proc and /sys.

#include <posthaste/units.h>

#include <optional>
#include <string>

namespace posthaste::arena {

/// The least that any limit leaves; page cache that can be dropped counts as left. Empty: no limit.
/// `root` is put before every path; tests give a tree of their own.
std::optional<Bytes> memory_left(const std::string& root = {});

}  // namespace posthaste::arena

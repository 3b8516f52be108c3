#pragma once

/// What is never destroyed: a thread that hangs may still use it. It stays reachable, so that a leak
/// checker of the host's has nothing to report.
///
/// Threads: any. Blocking: never. Full: without memory for its place it is kept all the same.

#include <memory>

namespace posthaste {

void keep_for_ever(std::shared_ptr<const void> thing) noexcept;

}  // namespace posthaste

#pragma once

/// The one source of randomness: seeds of ids, of jitter, of check words and names. Not for keys.
///
/// Threads: any. Blocking: never; one system call.

#include <cstdint>

namespace posthaste {

std::uint64_t entropy() noexcept;

}  // namespace posthaste

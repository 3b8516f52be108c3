#pragma once

/// How often the calling thread has allocated: the C library's own entries are counted, so `new` and
/// everything that libraries do is in it. A program that links allocations.cpp has it; not under a
/// sanitizer, which has the allocator itself.
///
/// Threads: each has its own count.

#include "tests/support/sanitizers.h"

#include <cstdint>

#ifdef POSTHASTE_TEST_SANITIZED
#define POSTHASTE_COUNTS_ALLOCATIONS 0
#else
#define POSTHASTE_COUNTS_ALLOCATIONS 1
#endif

namespace posthaste::testing_support {

std::uint64_t allocations_here() noexcept;

}  // namespace posthaste::testing_support

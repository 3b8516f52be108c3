#pragma once

/// Makes one allocation by operator new fail in this program.
///
/// Threads: one.

namespace posthaste::persistence {

/// After `n` more allocations, the next one throws std::bad_alloc; those behind it work again.
void fail_allocation(long n);
/// Ends that; whether an allocation has failed.
bool stop_failing();

}  // namespace posthaste::persistence

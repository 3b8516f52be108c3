#pragma once

/// Which lane a thread writes to: one of two of the CPU that it runs on, as the kernel tells
/// without a call (restartable sequences); by the thread's address where it does not. A hint: a
/// thread may move on meanwhile, and all is still well.

#include <sys/rseq.h>

#include <cstdint>

namespace posthaste::produce {

inline std::uint32_t lane_hint(std::uint32_t lanes) noexcept {
  const auto* const self = static_cast<const char*>(__builtin_thread_pointer());
  const auto thread = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(self) >> 12);
  if (__rseq_size != 0) [[likely]] {
    const auto* area = reinterpret_cast<const struct rseq*>(self + __rseq_offset);
    const auto cpu = static_cast<std::int32_t>(__atomic_load_n(&area->cpu_id, __ATOMIC_RELAXED));
    // Two lanes a CPU: a thread that was interrupted in the middle leaves the other to the next.
    if (cpu >= 0) [[likely]] {
      const std::uint32_t lane = static_cast<std::uint32_t>(cpu) * 2 + (thread & 1);
      return lane < lanes ? lane : lane % lanes;
    }
  }
  return thread % lanes;
}

}  // namespace posthaste::produce

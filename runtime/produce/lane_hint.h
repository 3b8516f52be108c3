#pragma once

/// Which lane a thread writes to: one of two of the CPU that it runs on, as the kernel tells
/// without a call (restartable sequences); by the thread's address where it does not. A hint: a
/// thread may move on meanwhile, and all is still well.

#include <sys/rseq.h>

#include <cstdint>

namespace posthaste::produce {

/// Tells this thread from others, mostly.
inline std::uint32_t thread_number() noexcept {
  const auto* const self = static_cast<const char*>(__builtin_thread_pointer());
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(self) >> 12);
}

/// Where the kernel keeps the number of the CPU that this thread runs on, for as long as the thread
/// lives; as a signed number it is negative where the kernel does not.
inline const std::uint32_t* running_cpu() noexcept {
  static constexpr std::uint32_t unknown = ~0u;
  if (__rseq_size == 0) [[unlikely]]
    return &unknown;
  const auto* const self = static_cast<const char*>(__builtin_thread_pointer());
  return &reinterpret_cast<const struct rseq*>(self + __rseq_offset)->cpu_id;
}

/// Two lanes a CPU: a thread that was interrupted in the middle leaves the other to the next.
/// `cpu` as running_cpu() has it.
inline std::uint32_t lane_of(std::uint32_t cpu, std::uint32_t thread,
                             std::uint32_t lanes) noexcept {
  if (static_cast<std::int32_t>(cpu) < 0) [[unlikely]]
    return thread % lanes;
  const std::uint32_t lane = cpu * 2 + (thread & 1);
  return lane < lanes ? lane : lane % lanes;
}

inline std::uint32_t lane_hint(std::uint32_t lanes) noexcept {
  return lane_of(__atomic_load_n(running_cpu(), __ATOMIC_RELAXED), thread_number(), lanes);
}

}  // namespace posthaste::produce

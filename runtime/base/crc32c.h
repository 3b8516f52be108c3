#pragma once

/// CRC-32C (Castagnoli), the check of bodies in the arena and of what the store writes. By the
/// processor's own instruction where there is one (about 8 bytes a nanosecond), else by table.
///
/// Threads: any. Blocking: never.

#include <cstddef>
#include <cstdint>
#include <span>

namespace posthaste {

/// The check of `bytes` behind those that gave `before` (0: nothing before).
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

/// The same without the processor's instruction; for tests, and where there is none.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

}  // namespace posthaste

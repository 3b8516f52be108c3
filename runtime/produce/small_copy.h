#pragma once

/// Copies of a few dozen bytes, in line: keys, names and values are mostly that short, and a call
/// of memcpy costs more than the copy. Pure.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace posthaste::produce {

/// Bytes that copy_tiny takes.
inline constexpr std::size_t most_tiny = 48;

/// The first and the last piece of a text, which overlap where its size asks for it; no byte
/// outside is touched.
template <class Piece>
[[gnu::always_inline]] inline void copy_ends(std::byte* to, const std::byte* from,
                                             std::size_t size) noexcept {
  Piece first, last;
  std::memcpy(&first, from, sizeof first);
  std::memcpy(&last, from + size - sizeof last, sizeof last);
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + size - sizeof last, &last, sizeof last);
}

/// Like memcpy of at most `most_tiny` bytes, and never a call.
[[gnu::always_inline]] inline void copy_tiny(std::byte* to, const void* from,
                                             std::size_t size) noexcept {
  struct Words {
    std::uint64_t low, high;
  };
  const auto* bytes = static_cast<const std::byte*>(from);
  if (size >= 16) {
    if (size > 32) {
      Words middle;
      std::memcpy(&middle, bytes + 16, sizeof middle);
      std::memcpy(to + 16, &middle, sizeof middle);
    }
    copy_ends<Words>(to, bytes, size);
  } else if (size >= 8) {
    copy_ends<std::uint64_t>(to, bytes, size);
  } else if (size >= 4) {
    copy_ends<std::uint32_t>(to, bytes, size);
  } else if (size > 0) {
    to[0] = bytes[0];
    to[size / 2] = bytes[size / 2];
    to[size - 1] = bytes[size - 1];
  }
}

/// Like memcpy.
[[gnu::always_inline]] inline void copy_small(std::byte* to, const void* from,
                                              std::size_t size) noexcept {
  if (size > most_tiny) [[unlikely]] {
    std::memcpy(to, from, size);
  } else {
    copy_tiny(to, from, size);
  }
}

}  // namespace posthaste::produce

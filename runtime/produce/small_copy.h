#pragma once

/// Copies of a few dozen bytes, in line: keys, names and values are mostly that short, and a call
/// of memcpy costs more than the copy. Pure.

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace posthaste::produce {

/// Like memcpy.
[[gnu::always_inline]] inline void copy_small(std::byte* to, const void* from,
                                              std::size_t size) noexcept {
  const auto* bytes = static_cast<const std::byte*>(from);
#if defined(__SSE2__)
  if (size >= 16) {
    if (size > 48) [[unlikely]] {
      std::memcpy(to, from, size);
      return;
    }
    // The last 16 overlap what came before; so no byte outside is touched.
    const __m128i last = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + size - 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
    if (size > 32) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16)));
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + size - 16), last);
    return;
  }
#else
  if (size >= 16) {
    std::memcpy(to, from, size);
    return;
  }
#endif
  const auto move = [&]<class Word>(Word) {
    Word first, last;
    std::memcpy(&first, bytes, sizeof first);
    std::memcpy(&last, bytes + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  if (size >= 8) {
    move(std::uint64_t{});
  } else if (size >= 4) {
    move(std::uint32_t{});
  } else if (size > 0) {
    to[0] = bytes[0];
    to[size / 2] = bytes[size / 2];
    to[size - 1] = bytes[size - 1];
  }
}

}  // namespace posthaste::produce

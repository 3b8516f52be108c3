#pragma once

/// Lower-case hexadecimal digits of ids, eight bytes at a time. Pure.

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace posthaste::wire {

#if defined(__SSE2__)

/// Writes 16 digits for 8 bytes; returns the end.
inline char* put_hex8(char* at, const std::uint8_t* bytes) noexcept {
  const __m128i low_nibbles = _mm_set1_epi8(0x0F);
  const __m128i both = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes));
  const __m128i high = _mm_and_si128(_mm_srli_epi16(both, 4), low_nibbles);
  const __m128i nibbles = _mm_unpacklo_epi8(high, _mm_and_si128(both, low_nibbles));
  const __m128i is_letter = _mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9));
  const __m128i letters = _mm_and_si128(is_letter, _mm_set1_epi8('a' - '0' - 10));
  const __m128i digits = _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), digits);
  return at + 16;
}

#else

/// Writes 16 digits for 8 bytes; returns the end.
inline char* put_hex8(char* at, const std::uint8_t* bytes) noexcept {
  // Each half of the id spread to one nibble a byte, then all eight nibbles turned into digits at
  // once.
  for (int half = 0; half < 2; ++half) {
    std::uint32_t word;
    std::memcpy(&word, bytes + 4 * half, 4);
    std::uint64_t x = word;
    x = (x | x << 16) & 0x0000FFFF0000FFFF;
    x = (x | x << 8) & 0x00FF00FF00FF00FF;
    x = (x >> 4 & 0x000F000F000F000F) | (x << 8 & 0x0F000F000F000F00);
    const std::uint64_t above_nine = (x + 0x0606060606060606) >> 4 & 0x0101010101010101;
    x += 0x3030303030303030 + above_nine * ('a' - '0' - 10);
    std::memcpy(at + 8 * half, &x, 8);
  }
  return at + 16;
}

#endif

/// 32 digits for 16 bytes.
inline char* put_hex16(char* at, const std::uint8_t* bytes) noexcept {
  return put_hex8(put_hex8(at, bytes), bytes + 8);
}

static_assert(std::endian::native == std::endian::little,
              "put_hex8 lays nibbles out by memory order");

}  // namespace posthaste::wire

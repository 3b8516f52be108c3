#pragma once

/// Identifiers of W3C Trace Context. Plain values; all zero means "none".

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <posthaste/export.h>

namespace posthaste {

namespace detail {
/// By words: a comparison of arrays is a call of memcmp, and every span asks.
template <std::size_t N>
bool has_any_bit(const std::array<std::uint8_t, N>& bytes) noexcept {
  std::uint64_t words[N / 8];
  std::memcpy(words, bytes.data(), N);
  return (words[0] | words[N / 8 - 1]) != 0;
}
}  // namespace detail

/// 16 bytes in wire order.
struct TraceId {
  std::array<std::uint8_t, 16> bytes{};

  bool is_valid() const noexcept { return detail::has_any_bit(bytes); }
  /// 32 lower-case hexadecimal digits, no terminating zero.
  std::array<char, 32> hex() const noexcept;
  /// Exactly 32 lower-case hexadecimal digits, not all zero; otherwise empty.
  POSTHASTE_API static std::optional<TraceId> from_hex(std::string_view text) noexcept;

  friend bool operator==(const TraceId&, const TraceId&) = default;
};

/// 8 bytes in wire order.
struct SpanId {
  std::array<std::uint8_t, 8> bytes{};

  bool is_valid() const noexcept { return detail::has_any_bit(bytes); }
  /// 16 lower-case hexadecimal digits, no terminating zero.
  std::array<char, 16> hex() const noexcept;
  /// Exactly 16 lower-case hexadecimal digits, not all zero; otherwise empty.
  POSTHASTE_API static std::optional<SpanId> from_hex(std::string_view text) noexcept;

  friend bool operator==(const SpanId&, const SpanId&) = default;
};

namespace detail {
template <std::size_t N>
std::array<char, 2 * N> to_hex(const std::array<std::uint8_t, N>& bytes) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  std::array<char, 2 * N> text{};
  for (std::size_t i = 0; i < N; ++i) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  return text;
}
}  // namespace detail

inline std::array<char, 32> TraceId::hex() const noexcept {
  return detail::to_hex(bytes);
}
inline std::array<char, 16> SpanId::hex() const noexcept {
  return detail::to_hex(bytes);
}

}  // namespace posthaste

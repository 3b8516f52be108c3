#pragma once

/// The wire format of protobuf, written to memory that is large enough: tags, varints, fixed words
/// and texts. Whoever calls it has made room before; nothing here checks. Pure; for the OTLP
/// encoder alone (otlp_request.h).
///
/// Lengths stand in front of what they measure, so nested messages are measured first.

#include "runtime/base/utf8.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace posthaste::wire::protobuf {

enum class WireType : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

inline char* put_varint(char* at, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

/// Signed numbers whose small amounts are short either way: protobuf's sint32.
constexpr std::uint64_t zigzag(std::int32_t value) noexcept {
  return static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
}

inline char* put_tag(char* at, std::uint32_t field, WireType type) noexcept {
  return put_varint(at, field << 3 | static_cast<std::uint32_t>(type));
}

/// A field's tag and the length of what the caller writes behind it.
inline char* put_head(char* at, std::uint32_t field, std::size_t size) noexcept {
  return put_varint(put_tag(at, field, WireType::bytes), size);
}

/// What a field takes that holds `size` bytes, for field numbers below 16.
constexpr std::size_t field_size(std::size_t size) noexcept {
  return 1 + varint_size(size) + size;
}

inline char* put_fixed64(char* at, std::uint32_t field, std::uint64_t value) noexcept {
  at = put_tag(at, field, WireType::fixed64);
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}
inline char* put_float64(char* at, std::uint32_t field, double value) noexcept {
  return put_fixed64(at, field, std::bit_cast<std::uint64_t>(value));
}
inline char* put_fixed32(char* at, std::uint32_t field, std::uint32_t value) noexcept {
  at = put_tag(at, field, WireType::fixed32);
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}
/// Zero is the default of every such field: it is left out.
inline char* put_number(char* at, std::uint32_t field, std::uint64_t value) noexcept {
  return value == 0 ? at : put_varint(put_tag(at, field, WireType::varint), value);
}

inline char* put_bytes(char* at, std::string_view bytes) noexcept {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

/// Receivers refuse a whole request for one text that is not UTF-8: each byte that belongs to no
/// character becomes '?', so that lengths stay as they were measured.
void mend_utf8(char* at, std::size_t size) noexcept;

/// Copies a word of 1, 4 or 8 bytes; gives it.
template <class Word>
std::uint64_t copy_word(char* to, const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  return word;
}

/// Copies and looks at once: whether all is ASCII. Texts are short, so no call is worth while; the
/// last word overlaps the one before it.
inline bool copy_text(char* to, std::string_view text) noexcept {
  const char* const from = text.data();
  const std::size_t size = text.size();
  std::uint64_t seen = 0;
  if (size >= 8) {
    std::size_t i = 0;
    for (; i + 8 < size; i += 8) seen |= copy_word<std::uint64_t>(to + i, from + i);
    seen |= copy_word<std::uint64_t>(to + size - 8, from + size - 8);
  } else if (size >= 4) {
    seen |= copy_word<std::uint32_t>(to, from);
    seen |= copy_word<std::uint32_t>(to + size - 4, from + size - 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) seen |= copy_word<unsigned char>(to + i, from + i);
  }
  return (seen & 0x8080'8080'8080'8080) == 0;
}

inline char* put_characters(char* at, std::string_view text) noexcept {
  if (!copy_text(at, text)) [[unlikely]]
    mend_utf8(at, text.size());
  return at + text.size();
}
inline char* put_text(char* at, std::uint32_t field, std::string_view text) noexcept {
  return put_characters(put_head(at, field, text.size()), text);
}
/// The empty text is the default of a field.
inline char* put_text_if_any(char* at, std::uint32_t field, std::string_view text) noexcept {
  return text.empty() ? at : put_text(at, field, text);
}
constexpr std::size_t text_size_if_any(std::string_view text) noexcept {
  return text.empty() ? 0 : field_size(text.size());
}

}  // namespace posthaste::wire::protobuf

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

/// The same for field numbers below 16 and sizes below 128.
inline char* put_short_head(char* at, std::uint32_t field, std::size_t size) noexcept {
  const auto head = static_cast<std::uint16_t>(field << 3 | 2 | size << 8);
  std::memcpy(at, &head, sizeof head);
  return at + sizeof head;
}
/// The heads of a message and of its first field.
inline char* put_short_heads(char* at, std::uint32_t outer, std::size_t outer_size,
                             std::uint32_t inner, std::size_t inner_size) noexcept {
  const auto heads = static_cast<std::uint32_t>(outer << 3 | 2 | outer_size << 8 |
                                                (inner << 3 | 2) << 16 | inner_size << 24);
  std::memcpy(at, &heads, sizeof heads);
  return at + sizeof heads;
}

/// What the head takes of a message of 128 to 16,383 bytes in a field below 16, as items are.
constexpr std::size_t usual_head = 3;

/// A message that was written first, `usual_head` bytes behind `head`, gets its head; where that is
/// of another size, the message moves. Gives its end.
inline char* end_message(char* head, std::uint32_t field, char* end) noexcept {
  char* const message = head + usual_head;
  const auto size = static_cast<std::size_t>(end - message);
  if (size < 0x80 || size >= 0x4000) [[unlikely]] {
    std::memmove(head + 1 + varint_size(size), message, size);
    return put_head(head, field, size) + size;
  }
  head[0] = static_cast<char>(field << 3 | static_cast<std::uint32_t>(WireType::bytes));
  head[1] = static_cast<char>(size | 0x80);
  head[2] = static_cast<char>(size >> 7);
  return end;
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

/// Copies a word of 1, 4, 8 or 16 bytes; gives it.
template <class Word>
Word copy_word(char* to, const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  return word;
}

/// Two words, of which the second may overlap the first: all their bits.
template <class Word>
Word copy_ends(char* to, const char* from, std::size_t size) noexcept {
  const std::size_t last = size - sizeof(Word);
  return copy_word<Word>(to, from) | copy_word<Word>(to + last, from + last);
}

/// Copies and looks at once: whether all is ASCII. Texts are short, so no call is worth while.
[[gnu::always_inline]] inline bool copy_text(char* to, std::string_view text) noexcept {
  typedef unsigned long long Wide __attribute__((vector_size(16)));
  const char* const from = text.data();
  const std::size_t size = text.size();
  std::uint64_t seen = 0;
  if (size >= 16) {
    Wide wide = copy_ends<Wide>(to, from, size);
    for (std::size_t i = 16; i + 16 < size; i += 16) wide |= copy_word<Wide>(to + i, from + i);
    seen = wide[0] | wide[1];
  } else if (size >= 8) {
    seen = copy_ends<std::uint64_t>(to, from, size);
  } else if (size >= 4) {
    seen = copy_ends<std::uint32_t>(to, from, size);
  } else {
    for (std::size_t i = 0; i < size; ++i) seen |= copy_word<unsigned char>(to + i, from + i);
  }
  return (seen & 0x8080'8080'8080'8080) == 0;
}

[[gnu::always_inline]] inline char* put_characters(char* at, std::string_view text) noexcept {
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

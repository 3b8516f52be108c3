#include "runtime/wire/json_writer.h"

#include "runtime/base/utf8.h"
#include "runtime/wire/json_number.h"

#include <bit>
#include <charconv>
#include <cmath>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace posthaste::wire {
namespace {

char* put_control(char* at, unsigned char c) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  *at++ = '\\';
  switch (c) {
    case '\b': *at++ = 'b'; return at;
    case '\t': *at++ = 't'; return at;
    case '\n': *at++ = 'n'; return at;
    case '\f': *at++ = 'f'; return at;
    case '\r': *at++ = 'r'; return at;
    default: break;
  }
  std::memcpy(at, "u00", 3);
  at[3] = digits[c >> 4];
  at[4] = digits[c & 15];
  return at + 5;
}

char* put_wide(char* at, std::string_view text, std::size_t length) noexcept {
  if (length == 0) {
    std::memcpy(at, "\xEF\xBF\xBD", 3);
    return at + 3;
  }
  const bool separator =
      length == 3 && text[0] == '\xE2' && text[1] == '\x80' && (text[2] & '\xFE') == '\xA8';
  if (separator) {
    std::memcpy(at, text[2] == '\xA8' ? "\\u2028" : "\\u2029", 6);
    return at + 6;
  }
  std::memcpy(at, text.data(), length);
  return at + length;
}

/// One character of any kind. Moves `text` on.
char* put_character(char* at, std::string_view& text) noexcept {
  const auto c = static_cast<unsigned char>(text.front());
  if (c >= 0x80) {
    const std::size_t length = utf8_length(text.substr(0, 4));
    at = put_wide(at, text, length);
    text.remove_prefix(length == 0 ? 1 : length);
    return at;
  }
  text.remove_prefix(1);
  if (c < 0x20) return put_control(at, c);
  if (c == '"' || c == '\\') *at++ = '\\';
  *at++ = static_cast<char>(c);
  return at;
}

std::uint64_t load8(const char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, 8);
  return word;
}

/// The high bit of every byte that cannot be copied as it is; exact up to the first such byte.
std::uint64_t special_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  const auto zero_bytes = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  return (word & tops) | ((word - ones * 0x20) & ~word & tops) | zero_bytes(word ^ ones * '"') |
         zero_bytes(word ^ ones * '\\');
}

bool is_special(char c) noexcept {
  return static_cast<signed char>(c) < 0x20 || c == '"' || c == '\\';
}

/// Up to 15 bytes that need no escape, by two overlapping loads; false if one of them does.
bool copy_short(char* at, const char* from, std::size_t size) noexcept {
  if (size >= 8) {
    const std::uint64_t low = load8(from);
    const std::uint64_t high = load8(from + size - 8);
    if ((special_bytes(low) | special_bytes(high)) != 0) return false;
    std::memcpy(at, &low, 8);
    std::memcpy(at + size - 8, &high, 8);
    return true;
  }
  if (size >= 4) {
    std::uint32_t low;
    std::uint32_t high;
    std::memcpy(&low, from, 4);
    std::memcpy(&high, from + size - 4, 4);
    if (special_bytes(std::uint64_t{high} << 32 | low) != 0) return false;
    std::memcpy(at, &low, 4);
    std::memcpy(at + size - 4, &high, 4);
    return true;
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (is_special(from[i])) return false;
    at[i] = from[i];
  }
  return true;
}

char* escape_rest(char* at, std::string_view text) noexcept {
  if (copy_short(at, text.data(), text.size())) return at + text.size();
  while (!text.empty()) at = put_character(at, text);
  return at;
}

}  // namespace

char* escape_portably(char* at, std::string_view text) noexcept {
  while (text.size() >= 16) {
    const std::uint64_t word = load8(text.data());
    const std::uint64_t special = special_bytes(word);
    std::memcpy(at, &word, 8);
    const auto clean = special == 0 ? 8u : static_cast<unsigned>(std::countr_zero(special)) / 8;
    at += clean;
    text.remove_prefix(clean);
    if (special != 0) at = put_character(at, text);
  }
  return escape_rest(at, text);
}

#if defined(__SSE2__)

namespace {

/// One bit for each byte that cannot be copied as it is.
inline unsigned special_mask(__m128i bytes) noexcept {
  // Compared as signed, bytes from 0x80 on are below the space too.
  const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash))));
}

/// At most 15 bytes, by two loads that may overlap.
inline char* escape_short(char* at, std::string_view text) noexcept {
  const char* const from = text.data();
  const std::size_t size = text.size();
  if (size >= 8) {
    const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    const __m128i high = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + size - 8));
    if (special_mask(_mm_unpacklo_epi64(low, high)) != 0) return escape_rest(at, text);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(at), low);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(at + size - 8), high);
    return at + size;
  }
  if (size >= 4) {
    std::uint32_t low;
    std::uint32_t high;
    std::memcpy(&low, from, 4);
    std::memcpy(&high, from + size - 4, 4);
    const std::uint64_t both = std::uint64_t{high} << 32 | low;
    const __m128i bytes = _mm_cvtsi64_si128(static_cast<std::int64_t>(both));
    if ((special_mask(bytes) & 0xFF) != 0) return escape_rest(at, text);
    std::memcpy(at, &low, 4);
    std::memcpy(at + size - 4, &high, 4);
    return at + size;
  }
  if (size == 0) return at;
  // First, middle and last are all that three bytes have.
  const char first = from[0];
  const char middle = from[size / 2];
  const char last = from[size - 1];
  if (is_special(first) || is_special(middle) || is_special(last)) return escape_rest(at, text);
  at[0] = first;
  at[size / 2] = middle;
  at[size - 1] = last;
  return at + size;
}

/// From the first chunk on that has something to escape.
char* escape_chunks(char* at, std::string_view text) noexcept {
  while (text.size() >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
    const unsigned mask = special_mask(bytes);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes);
    const auto clean = mask == 0 ? 16u : static_cast<unsigned>(std::countr_zero(mask));
    at += clean;
    text.remove_prefix(clean);
    if (mask != 0) at = put_character(at, text);
  }
  return escape_short(at, text);
}

}  // namespace

char* escape(char* at, std::string_view text) noexcept {
  const char* from = text.data();
  const std::size_t size = text.size();
  if (size < 16) return escape_short(at, text);
  std::size_t done = 0;
  for (; done + 16 <= size; done += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + done));
    if (special_mask(bytes) != 0) return escape_chunks(at + done, text.substr(done));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at + done), bytes);
  }
  if (done == size) return at + size;
  // The last 16 bytes once more: those before `done` are already where they belong.
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + size - 16));
  if (special_mask(bytes) != 0) return escape_chunks(at + done, text.substr(done));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at + size - 16), bytes);
  return at + size;
}

#else

char* escape(char* at, std::string_view text) noexcept {
  return escape_portably(at, text);
}

#endif

void JsonWriter::text(std::string_view text) {
  out_.end_at(escape(out_.room(escaped_bound(text.size())), text));
}

void JsonWriter::quoted(std::string_view text) {
  char* at = out_.room(escaped_bound(text.size()));
  *at++ = '"';
  at = escape(at, text);
  *at++ = '"';
  out_.end_at(at);
}

void JsonWriter::integer(std::int64_t value) {
  char* const at = out_.room(20);
  out_.end_at(std::to_chars(at, at + 20, value).ptr);
}

void JsonWriter::number(double value) {
  if (!std::isfinite(value)) return raw("null");
  out_.end_at(put_number(out_.room(32), value));
}

void JsonWriter::boolean(bool value) {
  if (value) return raw("true");
  raw("false");
}

}  // namespace posthaste::wire

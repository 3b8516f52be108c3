#include "runtime/wire/json_writer.h"

#include "runtime/base/utf8.h"
#include "runtime/wire/hex.h"

#include <algorithm>
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
    const auto c = static_cast<signed char>(from[i]);
    if (c < 0x20 || c == '"' || c == '\\') return false;
    at[i] = from[i];
  }
  return true;
}

char* escape_rest(char* at, std::string_view text) noexcept {
  if (copy_short(at, text.data(), text.size())) return at + text.size();
  while (!text.empty()) at = put_character(at, text);
  return at;
}

/// `digits` significant decimal digits, the first standing for 10^exponent, laid out as ECMAScript
/// does.
char* lay_out(char* at, std::string_view digits, int exponent) noexcept {
  const int count = static_cast<int>(digits.size());
  const auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  const auto zeros = [&at](int n) {
    for (; n > 0; --n) *at++ = '0';
  };
  if (exponent >= 21 || exponent < -6) {
    *at++ = digits.front();
    if (count > 1) *at++ = '.';
    put(digits.substr(1));
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    return std::to_chars(at, at + 4, std::abs(exponent)).ptr;
  }
  if (exponent < 0) {
    put("0.");
    zeros(-exponent - 1);
    put(digits);
    return at;
  }
  const int whole = exponent + 1;
  put(digits.substr(0, static_cast<std::size_t>(std::min(whole, count))));
  zeros(whole - count);
  if (count > whole) {
    *at++ = '.';
    put(digits.substr(static_cast<std::size_t>(whole)));
  }
  return at;
}

char* put_shortest(char* at, double value) noexcept {
  char text[32];
  const char* const end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* from = text;
  if (*from == '-') *at++ = *from++;
  char digits[20];
  std::size_t count = 0;
  for (; *from != 'e'; ++from) {
    if (*from != '.') digits[count++] = *from;
  }
  ++from;
  if (*from == '+') ++from;
  int exponent = 0;
  std::from_chars(from, end, exponent);
  return lay_out(at, {digits, count}, exponent);
}

/// At most three decimals, as most durations, prices and ratios have; null if there are more.
char* put_simple(char* at, double value) noexcept {
  constexpr double most = 1e12;  // up to 15 digits every text has a double of its own
  if (!(std::abs(value) < most)) return nullptr;
  const auto thousandths = static_cast<std::int64_t>(value * 1000 + (value < 0 ? -0.5 : 0.5));
  if (static_cast<double>(thousandths) / 1000 != value) return nullptr;
  std::int64_t rest = thousandths;
  if (rest < 0) {
    *at++ = '-';
    rest = -rest;
  }
  at = std::to_chars(at, at + 20, rest / 1000).ptr;
  const auto decimals = static_cast<int>(rest % 1000);
  if (decimals == 0) return at;
  *at++ = '.';
  *at++ = static_cast<char>('0' + decimals / 100);
  if (decimals % 100 == 0) return at;
  *at++ = static_cast<char>('0' + decimals / 10 % 10);
  if (decimals % 10 != 0) *at++ = static_cast<char>('0' + decimals % 10);
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

char* escape(char* at, std::string_view text) noexcept {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(0x20);
  while (text.size() >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
    // Compared as signed, bytes from 0x80 on are below the space too.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes);
    const auto clean = mask == 0 ? 16u : static_cast<unsigned>(std::countr_zero(mask));
    at += clean;
    text.remove_prefix(clean);
    if (mask != 0) at = put_character(at, text);
  }
  return escape_rest(at, text);
}

#else

char* escape(char* at, std::string_view text) noexcept {
  return escape_portably(at, text);
}

#endif

char* put_number(char* at, double value) noexcept {
  if (char* const end = put_simple(at, value)) return end;
  return put_shortest(at, value);
}

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

void JsonWriter::hex8(const std::uint8_t* bytes) {
  out_.end_at(put_hex8(out_.room(16), bytes));
}

void JsonWriter::hex16(const std::uint8_t* bytes) {
  out_.end_at(put_hex8(put_hex8(out_.room(32), bytes), bytes + 8));
}

}  // namespace posthaste::wire

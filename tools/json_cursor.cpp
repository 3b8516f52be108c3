#include "tools/json_cursor.h"

#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace posthaste::tools {
namespace {

bool is_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}
bool continues(const char* at, unsigned char low, unsigned char high) noexcept {
  const auto byte = static_cast<unsigned char>(*at);
  return byte >= low && byte <= high;
}

/// Goes over printable ASCII without quote and backslash.
const char* skip_plain(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - at >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Signed comparison: bytes from 0x80 on are negative, hence also "below a space".
    const __m128i special = _mm_or_si128(_mm_cmplt_epi8(block, _mm_set1_epi8(0x20)),
                                         _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
                                                      _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
    const int mask = _mm_movemask_epi8(special);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
    at += 16;
  }
#endif
  while (at != end && is_plain(*at)) ++at;
  return at;
}

}  // namespace

std::string_view to_string(JsonKind kind) noexcept {
  constexpr std::array<std::string_view, 7> names{"object",  "array", "string",   "number",
                                                  "boolean", "null",  "undefined"};
  return names[static_cast<std::size_t>(kind)];
}

void JsonCursor::skip_space() noexcept {
  while (at_ != end_ && is_space(*at_)) ++at_;
}

JsonKind JsonCursor::kind() noexcept {
  skip_space();
  if (failed_ || at_ == end_) return JsonKind::nothing;
  switch (*at_) {
    case '{': return JsonKind::object;
    case '[': return JsonKind::array;
    case '"': return JsonKind::string;
    case 't':
    case 'f': return JsonKind::boolean;
    case 'n': return JsonKind::null;
    default: return *at_ == '-' || is_digit(*at_) ? JsonKind::number : JsonKind::nothing;
  }
}

bool JsonCursor::at_end() noexcept {
  skip_space();
  return at_ == end_;
}

bool JsonCursor::open(char bracket) noexcept {
  if (!take(bracket) || ++depth_ > deepest_) return fail();
  return true;
}

bool JsonCursor::close_empty(char bracket) noexcept {
  skip_space();
  if (at_ == end_ || *at_ != bracket) return false;
  ++at_;
  --depth_;
  return true;
}

bool JsonCursor::take(char expected) noexcept {
  skip_space();
  if (failed_ || at_ == end_ || *at_ != expected) return fail();
  ++at_;
  return true;
}

bool JsonCursor::next(char bracket) noexcept {
  skip_space();
  if (failed_ || at_ == end_) return fail();
  const char found = *at_++;
  if (found == ',') return true;
  --depth_;
  return found == bracket ? false : fail();
}

bool JsonCursor::read_string(std::string_view& raw) noexcept {
  if (!take('"')) return false;
  const char* const start = at_;
  for (;;) {
    at_ = skip_plain(at_, end_);
    if (at_ == end_) return fail();
    if (*at_ == '"') break;
    if (*at_ == '\\' ? !skip_escape() : !skip_utf8()) return fail();
  }
  raw = {start, static_cast<std::size_t>(at_ - start)};
  ++at_;
  return true;
}

bool JsonCursor::skip_escape() noexcept {
  if (end_ - at_ < 2) return false;
  const char kind = at_[1];
  at_ += 2;
  if (kind != 'u') return std::strchr("\"\\/bfnrt", kind) != nullptr && kind != '\0';
  if (end_ - at_ < 4) return false;
  for (int i = 0; i < 4; ++i) {
    if (!is_hex(*at_++)) return false;
  }
  return true;
}

// One character of two to four bytes, by the table of well-formed sequences (Unicode 15, 3-7).
bool JsonCursor::skip_utf8() noexcept {
  const auto lead = static_cast<unsigned char>(*at_);
  const std::ptrdiff_t left = end_ - at_;
  const auto tail = [&](int i) { return continues(at_ + i, 0x80, 0xBF); };
  if (lead >= 0xC2 && lead <= 0xDF && left >= 2 && tail(1)) {
    at_ += 2;
    return true;
  }
  if ((lead & 0xF0) == 0xE0 && left >= 3) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
    if (!continues(at_ + 1, low, high) || !tail(2)) return false;
    at_ += 3;
    return true;
  }
  if (lead >= 0xF0 && lead <= 0xF4 && left >= 4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;  // up to U+10FFFF
    if (!continues(at_ + 1, low, high) || !tail(2) || !tail(3)) return false;
    at_ += 4;
    return true;
  }
  return false;
}

bool JsonCursor::read_number(std::string_view& raw) noexcept {
  skip_space();
  const char* const start = at_;
  const auto digits = [&] {
    const char* const first = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != first;
  };
  if (failed_) return false;
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
  } else if (!digits()) {
    return fail();
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return fail();
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return fail();
  }
  raw = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool JsonCursor::skip_literal(std::string_view word) noexcept {
  if (std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.substr(0, word.size()) != word) {
    return fail();
  }
  at_ += word.size();
  return true;
}

bool JsonCursor::read_boolean(bool& value) noexcept {
  if (kind() != JsonKind::boolean) return fail();
  value = *at_ == 't';
  return skip_literal(value ? "true" : "false");
}

bool JsonCursor::skip() noexcept {
  std::string_view raw;
  bool truth = false;
  switch (kind()) {
    case JsonKind::object: return read_object([this](std::string_view) { return skip(); });
    case JsonKind::array: return read_array([this] { return skip(); });
    case JsonKind::string: return read_string(raw);
    case JsonKind::number: return read_number(raw);
    case JsonKind::boolean: return read_boolean(truth);
    case JsonKind::null: return skip_literal("null");
    case JsonKind::nothing: break;
  }
  return fail();
}

std::size_t characters_in(std::string_view raw) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto byte = static_cast<unsigned char>(raw[i]);
    if (byte == '\\') {
      i += i + 1 < raw.size() && raw[i + 1] == 'u' ? 5 : 1;
      ++count;
    } else if (byte < 0x80 || byte >= 0xC0) {
      count += byte >= 0xF0 ? 2 : 1;
    }
  }
  return count;
}

}  // namespace posthaste::tools

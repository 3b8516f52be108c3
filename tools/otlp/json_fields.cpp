#include "tools/otlp/json_fields.h"

#include "runtime/base/utf8.h"

#include <charconv>
#include <cmath>

namespace posthaste::tools::otlp {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_digit(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

char* put_utf8(char* at, std::uint32_t c) noexcept {
  const auto put = [&at](std::uint32_t byte) { *at++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 63));
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  }
  return at;
}

/// The four digits behind `\u`, which the cursor has checked.
std::uint32_t code_unit(const char* digits) noexcept {
  std::uint32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    unit = unit << 4 | static_cast<std::uint32_t>(hex_digit(digits[i]));
  }
  return unit;
}

/// `at` points behind `\u`; a lone surrogate is U+FFFD.
std::uint32_t code_point(const char*& at, const char* end) noexcept {
  const std::uint32_t unit = code_unit(at);
  at += 4;
  if ((unit & 0xF800) != 0xD800) return unit;
  const bool high = (unit & 0xFC00) == 0xD800;
  if (!high || end - at < 6 || at[0] != '\\' || at[1] != 'u') return 0xFFFD;
  const std::uint32_t low = code_unit(at + 2);
  if ((low & 0xFC00) != 0xDC00) return 0xFFFD;
  at += 6;
  return 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF);
}

char plain_escape(char c) noexcept {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;  // quotation mark, backslash, slash
  }
}

template <class T>
bool parse_whole(std::string_view text, T& value) noexcept {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end;
}

}  // namespace

std::string Defect::to_string() const {
  std::string text = "byte " + std::to_string(offset);
  if (!place.empty()) text += " (" + place + ')';
  return text + ": " + reason;
}

bool JsonFields::fail(std::string reason) {
  if (!defect_) defect_ = Defect{cursor_.offset(), {}, std::move(reason)};
  return false;
}

bool JsonFields::wrong_value(std::string reason) {
  if (!defect_) defect_ = Defect{value_at_, {}, std::move(reason)};
  return false;
}

bool JsonFields::malformed() {
  if (cursor_.too_deep()) return fail("nested too deep");
  return fail(cursor_.at_end() ? "the JSON text ends too early" : "not JSON, or not UTF-8");
}

Defect JsonFields::defect() const {
  return defect_.value_or(Defect{});
}

void JsonFields::leave(std::string_view key) {
  malformed();  // where nobody has said why
  std::string step = "/";
  for (const char c : printable(key, 64)) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step.push_back(c);
    }
  }
  defect_->place.insert(0, step);
}

bool JsonFields::expect(JsonKind kind) {
  const JsonKind found = cursor_.kind();
  value_at_ = cursor_.offset();
  if (found == kind) return true;
  if (found == JsonKind::nothing || cursor_.failed()) return malformed();
  return fail("expected " + std::string(tools::to_string(kind)) + ", found " +
              std::string(tools::to_string(found)));
}

bool JsonFields::unescape(std::string_view raw, std::string_view& text) {
  const std::size_t first = raw.find('\\');
  if (first == std::string_view::npos) {
    text = raw;
    return true;
  }
  char* const begin = memory_.characters(raw.size());  // no escape is shorter than its character
  char* to = begin;
  const char* at = raw.data();
  const char* const end = at + raw.size();
  while (at != end) {
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    const char kind = at[1];
    at += 2;
    if (kind == 'u') {
      to = put_utf8(to, code_point(at, end));
    } else {
      *to++ = plain_escape(kind);
    }
  }
  text = {begin, static_cast<std::size_t>(to - begin)};
  return true;
}

bool JsonFields::string(std::string_view& value) {
  std::string_view raw;
  if (!expect(JsonKind::string)) return false;
  if (!cursor_.read_string(raw)) return malformed();
  return unescape(raw, value);
}

bool JsonFields::boolean(bool& value) {
  if (!expect(JsonKind::boolean)) return false;
  return cursor_.read_boolean(value) || malformed();
}

bool JsonFields::bytes(std::string_view& value) {
  std::string_view text;
  if (!string(text)) return false;
  while (text.ends_with('=')) text.remove_suffix(1);
  char* const begin = memory_.characters(text.size());
  char* to = begin;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return wrong_value("not base64");
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *to++ = static_cast<char>(bits >> held & 0xFF);
  }
  if (held == 6) return wrong_value("not base64: one character is left over");
  value = {begin, static_cast<std::size_t>(to - begin)};
  return true;
}

bool JsonFields::number_text(std::string_view& text) {
  if (cursor_.kind() == JsonKind::string) return string(text);
  if (!expect(JsonKind::number)) return false;
  return cursor_.read_number(text) || malformed();
}

bool JsonFields::number(double& value) {
  std::string_view text;
  if (!number_text(text)) return false;
  if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity" || text == "-Infinity") {
    value = text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  } else if (!parse_whole(text, value) || !std::isfinite(value)) {
    return wrong_value("not a number of 64 bits: " + printable(text, 40));
  }
  return true;
}

bool JsonFields::integer_or_number(std::int64_t& whole, double& real, bool& is_whole) {
  const JsonCursor start = cursor_;
  std::string_view text;
  if (!number_text(text)) return false;
  is_whole = parse_whole(text, whole);
  if (is_whole || (parse_whole(text, real) && std::abs(real) >= 0x1p63)) return true;
  is_whole = true;
  cursor_ = start;
  return integer(whole);
}

bool JsonFields::signed_integer(std::int64_t& value, std::int64_t least, std::int64_t most) {
  std::string_view text;
  if (!number_text(text)) return false;
  double approximate = 0;
  if (!parse_whole(text, value)) {
    // 1e3 and 5.0 are whole numbers too.
    if (!parse_whole(text, approximate) || std::trunc(approximate) != approximate ||
        std::abs(approximate) >= 0x1p63) {
      return wrong_value("not a whole number of " + std::to_string(most > INT32_MAX ? 64 : 32) +
                         " bits: " + printable(text, 40));
    }
    value = static_cast<std::int64_t>(approximate);
  }
  if (value >= least && value <= most) return true;
  return wrong_value("out of range: " + printable(text, 40));
}

bool JsonFields::unsigned_integer(std::uint64_t& value, std::uint64_t most) {
  std::string_view text;
  if (!number_text(text)) return false;
  double approximate = 0;
  if (!parse_whole(text, value)) {
    if (!parse_whole(text, approximate) || std::trunc(approximate) != approximate ||
        approximate < 0 || approximate >= 0x1p64) {
      return wrong_value("not a whole number of 0 or more: " + printable(text, 40));
    }
    value = static_cast<std::uint64_t>(approximate);
  }
  if (value <= most) return true;
  return wrong_value("out of range: " + printable(text, 40));
}

bool JsonFields::enumeration(std::int32_t& value, std::string_view prefix,
                             std::span<const std::string_view> names) {
  if (cursor_.kind() != JsonKind::string) return integer(value);
  std::string_view text;
  if (!string(text)) return false;
  if (parse_whole(text, value)) return true;
  if (text.starts_with(prefix)) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (text.substr(prefix.size()) != names[i]) continue;
      value = static_cast<std::int32_t>(i);
      return true;
    }
  }
  return wrong_value("unknown name: " + printable(text, 40));
}

bool JsonFields::hexadecimal(std::span<std::uint8_t> bytes) {
  std::string_view text;
  if (!string(text)) return false;
  if (text.empty()) return true;
  const auto wrong = [&] {
    return wrong_value("expected " + std::to_string(2 * bytes.size()) +
                       " hexadecimal digits, found " + printable(text, 40));
  };
  if (text.size() != 2 * bytes.size()) return wrong();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return wrong();
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace posthaste::tools::otlp

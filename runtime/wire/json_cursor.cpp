#include "runtime/wire/json_cursor.h"

#include "runtime/wire/text_limits.h"

#include <charconv>

namespace posthaste::wire {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

void append_code_point(std::string& to, std::uint32_t c) {
  if (c < 0x80) {
    to.push_back(static_cast<char>(c));
    return;
  }
  const auto tail = [&to](std::uint32_t bits) {
    to.push_back(static_cast<char>(0x80 | (bits & 63)));
  };
  if (c < 0x800) {
    to.push_back(static_cast<char>(0xC0 | c >> 6));
  } else if (c < 0x10000) {
    to.push_back(static_cast<char>(0xE0 | c >> 12));
    tail(c >> 6);
  } else {
    to.push_back(static_cast<char>(0xF0 | c >> 18));
    tail(c >> 12);
    tail(c >> 6);
  }
  tail(c);
}

}  // namespace

bool JsonCursor::fail() noexcept {
  failed_ = true;
  rest_ = {};
  return false;
}

bool JsonCursor::leave() noexcept {
  --depth_;
  return true;
}

char JsonCursor::peek() {
  const std::size_t at = rest_.find_first_not_of(" \t\r\n");
  rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  return rest_.empty() ? '\0' : rest_.front();
}

bool JsonCursor::take(char c) {
  if (peek() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

bool JsonCursor::open(char c) {
  if (failed_ || depth_ == depth_limit || !take(c)) return fail();
  ++depth_;
  return true;
}

bool JsonCursor::word(std::string_view text) {
  if (peek() == '\0' || !rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

bool JsonCursor::null() {
  return word("null");
}

bool JsonCursor::at_end() {
  return !failed_ && peek() == '\0' && rest_.empty();
}

bool JsonCursor::code_unit(std::uint32_t& unit) {
  if (rest_.size() < 4) return fail();
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, unit, 16);
  if (error != std::errc{} || end != rest_.data() + 4) return fail();
  rest_.remove_prefix(4);
  return true;
}

bool JsonCursor::escaped(std::string& value) {
  if (rest_.empty()) return fail();
  const char c = rest_.front();
  rest_.remove_prefix(1);
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t at = names.find(c); at != std::string_view::npos) {
    value.push_back(meanings[at]);
    return true;
  }
  std::uint32_t unit = 0;
  if (c != 'u' || !code_unit(unit)) return fail();
  const bool high = (unit & 0xFC00) == 0xD800;
  if (high && rest_.starts_with("\\u")) {
    rest_.remove_prefix(2);
    std::uint32_t low = 0;
    if (!code_unit(low)) return false;
    const bool pair = (low & 0xFC00) == 0xDC00;
    unit = pair ? 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF) : 0xFFFD;
  } else if ((unit & 0xF800) == 0xD800) {
    unit = 0xFFFD;
  }
  append_code_point(value, unit);
  return true;
}

bool JsonCursor::string(std::string& value, std::size_t most) {
  value.clear();
  if (failed_ || !take('"')) return fail();
  std::string all;
  while (!rest_.empty() && rest_.front() != '"') {
    const char c = rest_.front();
    if (static_cast<unsigned char>(c) < 0x20) return fail();
    rest_.remove_prefix(1);
    if (c == '\\' && !escaped(all)) return false;
    if (c != '\\') all.push_back(c);
    if (all.size() <= most + 4) continue;
    all.resize(most + 4);  // the rest is read, not kept
  }
  if (rest_.empty()) return fail();
  rest_.remove_prefix(1);
  value = cut_bytes(all, most);
  return true;
}

bool JsonCursor::digits() {
  if (rest_.empty() || !is_digit(rest_.front())) return fail();
  while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
  return true;
}

bool JsonCursor::number_text(std::string_view& text) {
  peek();
  text = rest_;
  if (rest_.starts_with('-')) rest_.remove_prefix(1);
  if (rest_.starts_with('0')) {
    rest_.remove_prefix(1);
  } else if (!digits()) {
    return false;
  }
  if (rest_.starts_with('.')) {
    rest_.remove_prefix(1);
    if (!digits()) return false;
  }
  if (rest_.starts_with('e') || rest_.starts_with('E')) {
    rest_.remove_prefix(1);
    if (rest_.starts_with('+') || rest_.starts_with('-')) rest_.remove_prefix(1);
    if (!digits()) return false;
  }
  text = text.substr(0, text.size() - rest_.size());
  return true;
}

bool JsonCursor::integer(std::int64_t& value) {
  std::string_view text;
  if (failed_ || !number_text(text)) return fail();
  const bool negative = text.front() == '-';
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size() || *end == '.';
  // An exponent makes it a number that no count of ours has.
  if (error != std::errc{} || !whole || text.find_first_of("eE") != std::string_view::npos) {
    value = negative ? INT64_MIN : INT64_MAX;
  }
  return true;
}

bool JsonCursor::number_or_skip(std::optional<double>& value) {
  value.reset();
  if (failed_) return false;
  const char first = peek();
  if (first != '-' && !is_digit(first)) return skip();
  std::string_view text;
  if (!number_text(text)) return false;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) value = number;
  return true;
}

bool JsonCursor::skip() {
  if (failed_) return false;
  std::string unused;
  std::string_view text;
  switch (peek()) {
    case '{': return object([this](std::string_view) { return skip(); });
    case '[': return array([this] { return skip(); });
    case '"': return string(unused, 0);
    case 't': return word("true") || fail();
    case 'f': return word("false") || fail();
    case 'n': return word("null") || fail();
    default: return number_text(text);
  }
}

}  // namespace posthaste::wire

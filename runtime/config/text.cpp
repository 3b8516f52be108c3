#include "runtime/config/text.h"

#include "runtime/base/secret.h"
#include "runtime/base/utf8.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace posthaste::config {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t shortest_key = 16;
constexpr std::size_t longest_shown = 100;

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool may_be_in_a_key(char c) noexcept {
  return c == '-' || hex_digit(c) >= 0;
}

std::string without_keys(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::find_if_not(text.begin(), text.end(), may_be_in_a_key);
    const auto run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    const auto digits = std::count_if(run.begin(), run.end(), [](char c) { return c != '-'; });
    out += static_cast<std::size_t>(digits) >= shortest_key ? Secret::mask(run) : std::string(run);
    text.remove_prefix(run.size());
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string without_user(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t slashes = text.find("//");
  const std::size_t start = slashes == std::string_view::npos || slashes > at ? 0 : slashes + 2;
  return std::string(text.substr(0, start)) + "****" + std::string(text.substr(at));
}

template <class Number>
std::optional<Number> parse_whole(std::string_view text) noexcept {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    const std::string_view piece = trimmed(text.substr(0, end));
    if (!piece.empty()) pieces.push_back(piece);
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::optional<Severity> parse_severity(std::string_view text) noexcept {
  constexpr std::pair<std::string_view, Severity> names[] = {
      {"trace", Severity::trace}, {"all", Severity::trace},     {"verbose", Severity::trace},
      {"debug", Severity::debug}, {"info", Severity::info},     {"information", Severity::info},
      {"warn", Severity::warn},   {"warning", Severity::warn},  {"error", Severity::error},
      {"fatal", Severity::fatal}, {"critical", Severity::fatal}};
  for (const auto& [name, severity] : names) {
    if (equal_ignoring_case(text, name)) return severity;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  return parse_whole<std::uint64_t>(text);
}

std::optional<double> parse_decimal(std::string_view text) noexcept {
  return parse_whole<double>(text);
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
  if (equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_absolute_path(std::string_view path) noexcept {
  return path.starts_with('/') && path.find('\0') == std::string_view::npos &&
         path.size() <= longest_path;
}

bool is_guid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_digit(text[i]) < 0) return false;
  }
  return true;
}

std::string quoted(std::string_view value) {
  // Masked before it is cut: half a key is not recognised as one.
  return '"' + printable(without_keys(without_user(value)), longest_shown) + '"';
}

}  // namespace posthaste::config

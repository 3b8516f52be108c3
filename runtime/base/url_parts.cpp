#include "runtime/base/url_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace posthaste {
namespace {

/// What a character may be in a URL, by one look-up.
enum CharacterClass : std::uint8_t {
  in_scheme = 1,
  ends_authority = 2,
  not_in_host = 4,
  digit = 8,
  letter = 16
};

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view characters, std::uint8_t as) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= as;
  };
  mark(letters, in_scheme | letter);
  mark("0123456789", in_scheme | digit);
  mark("+-.", in_scheme);
  mark("/?\\#", ends_authority);
  mark(" #%/<>?[]@:\\^|\"", not_in_host);  // whatever alphabet a name is written in
  return table;
}();

std::uint8_t class_of(char c) noexcept {
  return classes[static_cast<unsigned char>(c)];
}

/// Bytes at the start of `text` that have none of the bits `stop`.
std::size_t length_until(std::string_view text, std::uint8_t stop) noexcept {
  std::size_t at = 0;
  while (at < text.size() && (class_of(text[at]) & stop) == 0) ++at;
  return at;
}

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (class_of(c) & digit) != 0; });
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && length_until(text, not_in_host) == text.size();
}

bool is_bracketed(std::string_view text) noexcept {
  return text.size() > 3 && text.front() == '[' && text.back() == ']' &&
         text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
             std::string_view::npos;
}

/// What a browser does to a character of a path.
enum class InPath : std::uint8_t { keep, encode, drop, slash, dot };

constexpr auto in_path = [] {
  std::array<InPath, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) {
    if (c <= 0x20 || c >= 0x7F) table[c] = InPath::encode;
  }
  for (const char c : {'"', '#', '<', '>', '?', '`', '{', '}'}) {
    table[static_cast<unsigned char>(c)] = InPath::encode;
  }
  for (const char c : {'\t', '\n', '\r'}) table[static_cast<unsigned char>(c)] = InPath::drop;
  table['\\'] = InPath::slash;
  table['.'] = InPath::dot;
  table['%'] = InPath::dot;  // perhaps as %2e
  return table;
}();

InPath class_in_path(char c) noexcept {
  return in_path[static_cast<unsigned char>(c)];
}

/// Whether the path is already what a browser would make of it.
bool is_normal(std::string_view path) noexcept {
  for (std::size_t at = 0; at < path.size(); ++at) {
    const InPath is = class_in_path(path[at]);
    if (is == InPath::keep) continue;
    if (is != InPath::dot || at == 0 || path[at - 1] == '/') return false;
  }
  return true;
}

/// How many dots a segment is, `%2e` for one too: one stays, two go up. 0 for any other.
std::size_t dots_of(std::string_view segment) noexcept {
  std::size_t dots = 0;
  while (!segment.empty() && dots < 3) {
    const bool encoded = segment.starts_with("%2e") || segment.starts_with("%2E");
    if (!encoded && segment.front() != '.') return 0;
    segment.remove_prefix(encoded ? 3 : 1);
    ++dots;
  }
  return dots < 3 ? dots : 0;
}

/// Writes segments one behind the other, each with its slash in front.
class PathWriter {
public:
  explicit PathWriter(std::span<char> room) noexcept : room_(room) {}

  void add(std::string_view segment) noexcept {
    constexpr char digits[] = "0123456789ABCDEF";
    put({"/", 1});
    for (const char c : segment) {
      if (class_in_path(c) == InPath::drop) continue;
      const auto byte = static_cast<unsigned char>(c);
      const char encoded[] = {'%', digits[byte >> 4], digits[byte & 15]};
      put(class_in_path(c) == InPath::encode ? std::string_view(encoded, 3)
                                             : std::string_view(&c, 1));
    }
  }
  void remove_last() noexcept {
    while (used_ > 0 && room_[--used_] != '/') {
    }
  }
  std::string_view text() const noexcept { return {room_.data(), used_}; }

private:
  void put(std::string_view text) noexcept {
    full_ = full_ || text.size() > room_.size() - used_;
    if (full_) return;
    std::copy(text.begin(), text.end(), room_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += text.size();
  }

  std::span<char> room_;
  std::size_t used_ = 0;
  bool full_ = false;
};

}  // namespace

std::optional<UrlParts> UrlParts::of(std::string_view url) noexcept {
  UrlParts parts;
  std::size_t scheme = 0;
  while (scheme < url.size() && (class_of(url[scheme]) & in_scheme) != 0) ++scheme;
  if (scheme == 0 || (class_of(url.front()) & letter) == 0) return std::nullopt;
  if (!url.substr(scheme).starts_with("://")) return std::nullopt;
  parts.scheme = url.substr(0, scheme);
  std::string_view rest = url.substr(scheme + 3);
  std::string_view authority = rest.substr(0, length_until(rest, ends_authority));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) {
    const std::size_t at = authority.rfind('@');
    parts.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const bool literal = authority.starts_with('[');
  const std::size_t colon = literal ? authority.find("]:") : authority.find(':');
  const std::size_t host = colon == std::string_view::npos ? authority.size() : colon + literal;
  parts.host = authority.substr(0, host);
  if (host < authority.size()) parts.port = authority.substr(host + 1);
  const bool host_ok = literal ? is_bracketed(parts.host) : is_name(parts.host);
  if (!is_port(parts.port) || !host_ok) return std::nullopt;
  rest = rest.substr(0, rest.find('#'));
  const std::size_t question = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, question);
  if (question < rest.size()) parts.query = rest.substr(question + 1);
  return parts;
}

std::string_view normal_path(std::string_view path, std::span<char> room) noexcept {
  if (path.empty()) return "/";
  if (is_normal(path)) return path;
  PathWriter writer(room);
  std::string_view rest = path.substr(1);
  for (bool more = true; more;) {
    const std::size_t end = rest.find_first_of("/\\");
    more = end != std::string_view::npos;
    const std::string_view segment = rest.substr(0, end);
    if (more) rest.remove_prefix(end + 1);
    const std::size_t dots = dots_of(segment);
    if (dots == 2) writer.remove_last();
    if (dots == 0) writer.add(segment);
    if (!more && dots != 0) writer.add({});
  }
  return writer.text();
}

}  // namespace posthaste

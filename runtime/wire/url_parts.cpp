#include "runtime/wire/url_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace posthaste::wire {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_letter(char c) noexcept {
  return lower(c) >= 'a' && lower(c) <= 'z';
}

/// What a character may be in a URL, by one look-up.
enum CharacterClass : std::uint8_t {
  in_scheme = 1,
  ends_authority = 2,
  not_in_host = 4,
  digit = 8
};

constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view characters, CharacterClass as) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= as;
  };
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.", in_scheme);
  mark("/?\\#", ends_authority);
  mark(" #%/<>?[]@:\\^|\"", not_in_host);  // whatever alphabet a name is written in
  mark("0123456789", digit);
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
enum class InPath : std::uint8_t { keep, encode, slash, dot };

constexpr auto in_path = [] {
  std::array<InPath, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) {
    if (c <= 0x20 || c >= 0x7F) table[c] = InPath::encode;
  }
  for (const char c : {'"', '#', '<', '>', '?', '`', '{', '}'}) {
    table[static_cast<unsigned char>(c)] = InPath::encode;
  }
  table['\\'] = InPath::slash;
  table['.'] = InPath::dot;
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

bool is_secret(std::string_view key) noexcept {
  if (key.size() < 3 ||
      (lower(key.front()) != 's' && lower(key.front()) != 'x' && lower(key.front()) != 'a')) {
    return false;
  }
  constexpr std::array<std::string_view, 7> keys{
      "AWSAccessKeyId",   "Signature",           "sig", "X-Goog-Signature", "X-Amz-Signature",
      "X-Amz-Credential", "X-Amz-Security-Token"};
  return std::any_of(keys.begin(), keys.end(),
                     [key](std::string_view each) { return equal_ignoring_case(each, key); });
}

}  // namespace

std::optional<UrlParts> UrlParts::of(std::string_view url) noexcept {
  UrlParts parts;
  std::size_t scheme = 0;
  while (scheme < url.size() && (class_of(url[scheme]) & in_scheme) != 0) ++scheme;
  if (scheme == 0 || !is_letter(url.front()) || !url.substr(scheme).starts_with("://")) return {};
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

std::string_view default_port(std::string_view scheme) noexcept {
  if (scheme == "https") return "443";
  if (scheme == "http") return "80";
  if (equal_ignoring_case(scheme, "https") || equal_ignoring_case(scheme, "wss")) return "443";
  if (equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "ws")) return "80";
  return {};
}

std::string_view bracketed(std::string_view host, TextScratch& scratch) {
  if (host.empty() || host.front() == '[' || std::count(host.begin(), host.end(), ':') < 2) {
    return host;
  }
  return scratch.join({"[", host, "]"});
}

std::string_view host_and_port(std::string_view host, std::string_view port,
                               std::string_view implied, TextScratch& scratch) {
  if (host.empty()) return host;
  const bool with_port = !port.empty() && port != implied;
  if (host.find(':') == std::string_view::npos) {
    return with_port ? scratch.join({host, ":", port}) : host;
  }
  const auto colons = std::count(host.begin(), host.end(), ':');
  const bool bare_literal = colons > 1 && host.front() != '[';
  if (!bare_literal && host.back() != ']') {  // with the port that it came with
    const std::size_t colon = host.rfind(':');
    return !implied.empty() && host.substr(colon + 1) == implied ? host.substr(0, colon) : host;
  }
  if (!with_port) return host;
  return scratch.join({bracketed(host, scratch), ":", port});
}

std::string_view normal_path(std::string_view path, TextScratch& scratch) {
  if (path.empty()) return "/";
  if (is_normal(path)) return path;
  std::vector<std::string_view> segments;
  std::string_view rest = path.substr(1);
  for (bool more = true; more;) {
    const std::size_t end = rest.find_first_of("/\\");
    more = end != std::string_view::npos;
    const std::string_view segment = rest.substr(0, end);
    if (more) rest.remove_prefix(end + 1);
    const bool up = segment == "..";
    if (up && !segments.empty()) segments.pop_back();
    if (segment != "." && !up) segments.push_back(segment);
    if (!more && (segment == "." || up)) segments.emplace_back();
  }
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (const std::string_view segment : segments) {
    text += '/';
    for (const char c : segment) {
      if (class_in_path(c) == InPath::encode) {
        const auto byte = static_cast<unsigned char>(c);
        text += {'%', digits[byte >> 4], digits[byte & 15]};
      } else {
        text += c;
      }
    }
  }
  return scratch.join({text});
}

std::string_view redacted_query(std::string_view query, TextScratch& scratch) {
  std::string text;
  std::size_t copied = 0;
  const std::size_t query_end = std::min(query.find('#'), query.size());
  for (std::size_t at = 0; at < query_end;) {
    const std::size_t end = std::min(query.find('&', at), query_end);
    const std::size_t equals = std::min(query.find('=', at), end);
    if (equals + 1 < end && is_secret(query.substr(at, equals - at))) {
      text += query.substr(copied, equals + 1 - copied);
      text += "REDACTED";
      copied = end;
    }
    at = end + 1;
  }
  if (copied == 0) return query;
  return scratch.join({text, query.substr(copied)});
}

std::string_view redacted_url(std::string_view url, TextScratch& scratch) {
  const std::size_t question = url.find('?');
  const std::size_t user_end = url.find('@');
  if (user_end == std::string_view::npos && question == std::string_view::npos) return url;
  std::string_view front = url.substr(0, question);
  const std::size_t slashes = user_end < front.size() ? front.find("//") : std::string_view::npos;
  if (slashes != std::string_view::npos) {
    const std::size_t begin = slashes + 2;
    const std::size_t end = begin + length_until(front.substr(begin), ends_authority);
    const std::size_t at = front.substr(0, end).rfind('@');
    if (at != std::string_view::npos && at > begin) {
      front = scratch.join({front.substr(0, begin), "REDACTED", front.substr(at)});
    }
  }
  if (question == std::string_view::npos) return front;
  const std::string_view query = url.substr(question + 1);
  const std::string_view clean = redacted_query(query, scratch);
  const bool unchanged = front.data() == url.data() && clean.data() == query.data();
  return unchanged ? url : scratch.join({front, "?", clean});
}

}  // namespace posthaste::wire

#include "runtime/wire/url_parts.h"

#include <algorithm>
#include <array>
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
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

/// Characters that no host name has, whatever alphabet it is written in.
bool is_host(std::string_view text) noexcept {
  return !text.empty() && text.find_first_of(" #%/:<>?@[\\]^|\"") == std::string_view::npos;
}

bool is_bracketed(std::string_view text) noexcept {
  return text.size() > 3 && text.front() == '[' && text.back() == ']' &&
         text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
             std::string_view::npos;
}

/// What a browser percent-encodes in a path.
constexpr auto encoded_in_path = [] {
  std::array<bool, 256> encoded{};
  for (std::size_t c = 0; c < 256; ++c) encoded[c] = c <= 0x20 || c >= 0x7F;
  for (const char c : {'"', '#', '<', '>', '?', '`', '{', '}'})
    encoded[static_cast<std::size_t>(c)] = true;
  return encoded;
}();

bool must_be_encoded(char c) noexcept {
  return encoded_in_path[static_cast<unsigned char>(c)];
}

bool is_secret(std::string_view key) noexcept {
  constexpr std::array<std::string_view, 7> keys{
      "AWSAccessKeyId",   "Signature",           "sig", "X-Goog-Signature", "X-Amz-Signature",
      "X-Amz-Credential", "X-Amz-Security-Token"};
  return std::any_of(keys.begin(), keys.end(),
                     [key](std::string_view each) { return equal_ignoring_case(each, key); });
}

}  // namespace

std::optional<UrlParts> UrlParts::of(std::string_view url) noexcept {
  UrlParts parts;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !is_scheme(url.substr(0, colon))) return std::nullopt;
  parts.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  std::string_view authority = rest.substr(0, rest.find_first_of("/?\\"));
  rest.remove_prefix(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const std::size_t port = authority.rfind(':');
  const bool has_port =
      port != std::string_view::npos && authority.find(']', port) == std::string_view::npos;
  parts.host = authority.substr(0, has_port ? port : authority.size());
  if (has_port) parts.port = authority.substr(port + 1);
  if (!is_port(parts.port) || !(is_host(parts.host) || is_bracketed(parts.host)))
    return std::nullopt;
  const std::size_t question = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, question);
  if (question < rest.size()) parts.query = rest.substr(question + 1);
  return parts;
}

std::string_view default_port(std::string_view scheme) noexcept {
  if (equal_ignoring_case(scheme, "https") || equal_ignoring_case(scheme, "wss")) return "443";
  if (equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "ws")) return "80";
  return {};
}

std::string_view host_and_port(std::string_view host, std::string_view port,
                               std::string_view implied, TextScratch& scratch) {
  const auto colons = std::count(host.begin(), host.end(), ':');
  const bool bare_literal = colons > 1 && host.front() != '[';
  const bool has_port = !bare_literal && colons > 0 && host.back() != ']';
  if (has_port) {
    const std::size_t colon = host.rfind(':');
    return !implied.empty() && host.substr(colon + 1) == implied ? host.substr(0, colon) : host;
  }
  const bool with_port = !host.empty() && !port.empty() && port != implied;
  if (!with_port && !bare_literal) return host;
  const std::string_view open = bare_literal ? "[" : "";
  const std::string_view close = bare_literal ? "]" : "";
  if (!with_port) return scratch.join({open, host, close});
  return scratch.join({open, host, close, ":", port});
}

std::string_view normal_path(std::string_view path, TextScratch& scratch) {
  const bool plain = std::none_of(path.begin(), path.end(),
                                  [](char c) { return c == '\\' || must_be_encoded(c); });
  if (path.empty()) return "/";
  if (plain && path.find("/.") == std::string_view::npos) return path;
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
      if (must_be_encoded(c)) {
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
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find_first_of("&#", at), query.size());
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
  if (url.find('@') == std::string_view::npos && question == std::string_view::npos) return url;
  std::string_view front = url.substr(0, question);
  const std::size_t slashes = front.find("//");
  if (slashes != std::string_view::npos) {
    const std::size_t begin = slashes + 2;
    const std::size_t end = std::min(front.find_first_of("/\\#", begin), front.size());
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

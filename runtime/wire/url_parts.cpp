#include "runtime/wire/url_parts.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace posthaste::wire {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

constexpr std::size_t longest_secret_key = 20;

/// A key as the server reads it, `s%69g` as `sig`; longer than any secret one: cut.
std::string_view decoded(std::string_view key, std::span<char, longest_secret_key + 1> room) {
  std::size_t size = 0;
  for (std::size_t at = 0; at < key.size() && size < room.size(); ++at) {
    const bool escape = key[at] == '%' && at + 2 < key.size() && digit_of(key[at + 1]) >= 0 &&
                        digit_of(key[at + 2]) >= 0;
    room[size++] =
        escape ? static_cast<char>(digit_of(key[at + 1]) * 16 + digit_of(key[at + 2])) : key[at];
    if (escape) at += 2;
  }
  return {room.data(), size};
}

bool is_secret(std::string_view key) noexcept {
  constexpr std::array<std::string_view, 7> keys{
      "AWSAccessKeyId",   "Signature",           "sig", "X-Goog-Signature", "X-Amz-Signature",
      "X-Amz-Credential", "X-Amz-Security-Token"};
  constexpr std::string_view beginnings = "sSxXaA%";
  if (key.size() < 3 || beginnings.find(key.front()) == std::string_view::npos) return false;
  std::array<char, longest_secret_key + 1> room;
  if (key.find('%') != std::string_view::npos) key = decoded(key, room);
  return std::any_of(keys.begin(), keys.end(),
                     [key](std::string_view each) { return equal_ignoring_case(each, key); });
}

}  // namespace

std::string_view default_port(std::string_view scheme) noexcept {
  if (scheme.empty()) return {};
  if (scheme == "https") return "443";
  if (scheme == "http") return "80";
  if (equal_ignoring_case(scheme, "https") || equal_ignoring_case(scheme, "wss")) return "443";
  if (equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "ws")) return "80";
  return {};
}

std::string_view bracketed(std::string_view host, TextScratch& scratch) {
  const std::size_t colon = host.find(':');
  if (colon == std::string_view::npos || host.front() == '[') return host;
  if (host.find(':', colon + 1) == std::string_view::npos) return host;
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
  const std::span<char> room = scratch.room();
  const std::string_view normal = posthaste::normal_path(path, room);
  if (normal.data() == room.data()) scratch.keep(normal.size());
  return normal;
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
  if (url.empty()) return url;
  const std::size_t question = url.find('?');
  const std::size_t user_end = url.find('@');
  if (user_end == std::string_view::npos && question == std::string_view::npos) return url;
  std::string_view front = url.substr(0, question);
  const std::size_t slashes = user_end < front.size() ? front.find("//") : std::string_view::npos;
  if (slashes != std::string_view::npos) {
    const std::size_t begin = slashes + 2;
    const std::size_t end = std::min(front.find_first_of("/?\\#", begin), front.size());
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

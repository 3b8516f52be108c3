#include "runtime/config/endpoint.h"

#include "runtime/config/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>

namespace posthaste::config {
namespace {

constexpr std::size_t longest_host = 253;
constexpr std::size_t longest_label = 63;

Error refused(std::string_view text, std::string_view rule) {
  return {ErrorCode::invalid_connection_string, quoted(text) + ' ' + std::string(rule)};
}

bool is_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > longest_label) return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_ipv4(std::string_view host) noexcept {
  char text[INET_ADDRSTRLEN] = {};
  if (host.size() >= sizeof text) return false;
  std::copy(host.begin(), host.end(), text);
  in_addr binary{};
  return ::inet_pton(AF_INET, text, &binary) == 1;
}

// A resolver takes a name whose last label is a number for an address: "2130706433", "0x7f.1".
bool is_number_label(std::string_view label) noexcept {
  const bool hexadecimal = label.size() >= 2 && label[0] == '0' && (label[1] | 0x20) == 'x';
  if (hexadecimal) label.remove_prefix(2);
  return std::all_of(label.begin(), label.end(), [hexadecimal](char c) {
    return (c >= '0' && c <= '9') ||
           (hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
  });
}

// What RFC 3986 lets stand in a path, '%' without looking at what follows it.
bool is_path(std::string_view path, std::string_view others) noexcept {
  return std::all_of(path.begin(), path.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

constexpr std::string_view path_characters = "-._~!$&'()*+,;=:@/%";
constexpr std::string_view target_characters = "-._~!$&'()*+,;=:@/%?";

bool parse_port(std::string_view text, std::uint16_t& port) noexcept {
  const auto number = parse_number(text);
  if (!number || *number == 0 || *number > 65535) return false;
  port = static_cast<std::uint16_t>(*number);
  return true;
}

bool parse_ipv6(std::string_view text, std::string& host) {
  const std::string address(text);
  in6_addr binary{};
  if (::inet_pton(AF_INET6, address.c_str(), &binary) != 1) return false;
  char canonical[INET6_ADDRSTRLEN];
  if (::inet_ntop(AF_INET6, &binary, canonical, sizeof canonical) == nullptr) return false;
  host = canonical;
  return true;
}

// "host[:port]"; `port` stays where none is given.
bool parse_authority(std::string_view text, std::string& host, std::uint16_t& port) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !parse_ipv6(text.substr(1, end - 1), host)) return false;
    text.remove_prefix(end + 1);
    if (text.empty()) return true;
    return text.front() == ':' && parse_port(text.substr(1), port);
  }
  const std::size_t colon = text.find(':');
  if (!is_host_name(text.substr(0, colon))) return false;
  host = lower_case(text.substr(0, colon));
  return colon == std::string_view::npos || parse_port(text.substr(colon + 1), port);
}

}  // namespace

bool is_host_name(std::string_view host) noexcept {
  if (host.size() > longest_host) return false;
  std::string_view rest = host;
  while (true) {
    const std::size_t dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return !is_number_label(rest) || is_ipv4(host);
    rest.remove_prefix(dot + 1);
  }
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "::1" || equal_ignoring_case(host, "localhost")) return true;
  return is_ipv4(host) && host.starts_with("127.");
}

namespace {

/// Scheme, host, port, and the path as it is.
Result<Endpoint> parse_parts(std::string_view text, std::string_view allowed_in_path) {
  const std::size_t scheme_end = text.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? "" : lower_case(text.substr(0, scheme_end));
  if (scheme != "https" && scheme != "http") {
    return refused(text, "has no https:// scheme; write https://<host>/");
  }
  Endpoint endpoint;
  endpoint.https = scheme == "https";
  endpoint.port = endpoint.https ? 443 : 80;

  const std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) {
    return refused(text, "holds a user name; leave out all before the '@'");
  }
  if (!parse_authority(authority, endpoint.host, endpoint.port)) {
    return refused(text, "has no valid host; write https://<host>[:port]/");
  }
  if (slash != std::string_view::npos) endpoint.path = rest.substr(slash);
  if (!is_path(endpoint.path, allowed_in_path)) {
    return refused(text, "has a query, a fragment or a forbidden character in its path");
  }
  return endpoint;
}

}  // namespace

Result<Endpoint> parse_otlp_endpoint(std::string_view text) {
  return parse_parts(text, target_characters);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  auto parts = parse_parts(text, path_characters);
  if (!parts) return parts;
  Endpoint& endpoint = *parts;
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  if (endpoint.path.ends_with("/track")) {
    return refused(text, "ends in /track; give the base URL alone, /v2.1/track is added to it");
  }
  if (!endpoint.https && !is_loopback(endpoint.host)) {
    return refused(text, "is plain http, allowed only to this machine; write https://");
  }
  return parts;
}

std::string Endpoint::text() const {
  std::string out = https ? "https://" : "http://";
  out += host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != (https ? 443 : 80)) out += ':' + std::to_string(port);
  return out + path;
}

}  // namespace posthaste::config

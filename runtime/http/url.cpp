#include "runtime/http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace posthaste::http {
namespace {

constexpr std::size_t longest_url = 8192;
constexpr std::size_t longest_host = 253;
constexpr std::size_t longest_label = 63;

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_letter(char c) noexcept {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
constexpr bool is_hex(char c) noexcept {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
constexpr bool is_printable(char c) noexcept {
  return c > ' ' && c < '\x7f';
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [](char a, char b) { return a == lower(b); });
}

int hex_value(char c) noexcept {
  return is_digit(c) ? c - '0' : lower(c) - 'a' + 10;
}

bool percent_decode(std::string_view text, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    decoded.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
    i += 2;
  }
  return true;
}

bool canonical_ipv6(std::string_view text, std::string& host) {
  std::array<unsigned char, 16> bytes;
  std::array<char, INET6_ADDRSTRLEN> name;
  const std::string zero_terminated(text);
  if (inet_pton(AF_INET6, zero_terminated.c_str(), bytes.data()) != 1) return false;
  host = inet_ntop(AF_INET6, bytes.data(), name.data(), name.size());
  return true;
}

bool is_ipv4(const std::string& text) noexcept {
  std::array<unsigned char, 4> bytes;
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1;
}

// Resolvers take "2130706433", "127.1" and "0x7f.0.0.1" for addresses: a host whose last label
// looks like a number is an address or it is refused.
bool ends_in_a_number(std::string_view host) noexcept {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (std::all_of(last.begin(), last.end(), is_digit)) return true;
  return last.starts_with("0x") && std::all_of(last.begin() + 2, last.end(), is_hex);
}

const char* broken_name_rule(std::string_view host) noexcept {
  if (host.size() > longest_host) return "the host is longer than 253 characters";
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return "the host has an empty part between its dots";
      label = 0;
      continue;
    }
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
      return "the host may hold letters, digits, '-', '_' and '.' only";
    }
    if (++label > longest_label) return "a part of the host is longer than 63 characters";
  }
  return label == 0 ? "the host is missing" : nullptr;
}

}  // namespace

Result<Url> Url::parse(std::string_view text, std::string_view source) {
  Url url;
  const char* rule = url.read(text);
  if (rule == nullptr) return url;
  std::string message(source);
  message += " \"" + masked_url(text) + "\" is not usable: ";
  message += rule;
  message += "; write https://host[:port][/path]";
  return Error(ErrorCode::invalid_argument, std::move(message));
}

const char* Url::read(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.size() > longest_url) return "it is longer than 8192 bytes";
  if (!std::all_of(text.begin(), text.end(), is_printable)) {
    return "spaces, control characters and characters outside ASCII are not allowed";
  }
  if (text.find('\\') != text.npos) return "a backslash is not allowed";
  std::string_view rest = text.substr(0, text.find('#'));
  if (const char* rule = read_scheme(rest)) return rule;

  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    if (const char* rule = read_user_info(authority.substr(0, at))) return rule;
    authority.remove_prefix(at + 1);
  }
  if (const char* rule = read_host(authority)) return rule;
  if (const char* rule = read_port(authority)) return rule;
  target_ = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return nullptr;
}

const char* Url::read_scheme(std::string_view& rest) {
  if (starts_with_ignoring_case(rest, "https://")) {
    scheme_ = Scheme::https;
    rest.remove_prefix(8);
  } else if (starts_with_ignoring_case(rest, "http://")) {
    scheme_ = Scheme::http;
    rest.remove_prefix(7);
  } else {
    return "it begins with neither https:// nor http://";
  }
  return nullptr;
}

const char* Url::read_user_info(std::string_view text) {
  has_user_info_ = true;
  const auto colon = text.find(':');
  if (!percent_decode(text.substr(0, colon), user_))
    return "a '%' in the user name is not followed by two hexadecimal digits";
  if (colon == text.npos) return nullptr;
  if (percent_decode(text.substr(colon + 1), password_)) return nullptr;
  return "a '%' in the password is not followed by two hexadecimal digits";
}

const char* Url::read_host(std::string_view& authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos) return "the bracket round the IPv6 address is not closed";
    if (!canonical_ipv6(authority.substr(1, end - 1), host_)) {
      return "what stands in brackets is not an IPv6 address";
    }
    authority.remove_prefix(end + 1);
    ip_literal_ = true;
    return nullptr;
  }
  const std::string_view text = authority.substr(0, authority.find(':'));
  authority.remove_prefix(text.size());
  host_ = lowered(text);
  if (host_.ends_with('.')) host_.pop_back();
  if (const char* rule = broken_name_rule(host_)) return rule;
  if (!ends_in_a_number(host_)) return nullptr;
  ip_literal_ = is_ipv4(host_);
  return ip_literal_ ? nullptr : "the host ends in a number but is not an IPv4 address (a.b.c.d)";
}

const char* Url::read_port(std::string_view text) {
  port_ = default_port(scheme_);
  if (text.empty()) return nullptr;
  if (text.front() != ':') return "only a port may follow the bracketed address";
  text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port_);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && port_ != 0 ? nullptr : "the port is not a number from 1 to 65535";
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.starts_with("//")) {
    const std::string absolute = (secure() ? "https:" : "http:") + std::string(reference);
    return parse(absolute, "Location");
  }
  if (reference.starts_with('/')) {
    return parse(origin() + std::string(reference), "Location");
  }
  return parse(reference, "Location");
}

bool Url::is_loopback() const noexcept {
  if (ip_literal_) return host_ == "::1" || host_.starts_with("127.");
  return host_ == "localhost" || host_.ends_with(".localhost");
}

std::string Url::authority() const {
  std::string text = host_and_port();
  if (has_default_port()) text.erase(text.rfind(':'));
  return text;
}

std::string Url::host_and_port() const {
  const bool ipv6 = host_.find(':') != host_.npos;
  return (ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

std::string Url::origin() const {
  return (secure() ? "https://" : "http://") + authority();
}

std::string Url::to_string() const {
  std::string text = secure() ? "https://" : "http://";
  if (has_user_info_) text += "***@";
  text += authority();
  const auto query = target_.find('?');
  text += target_.substr(0, query);
  if (query != target_.npos) text += "?***";
  return text;
}

std::string masked_url(std::string_view text) {
  constexpr std::size_t longest_shown = 120;
  std::string shown;
  const auto scheme_end = text.find("://");
  const std::size_t begin = scheme_end == text.npos ? 0 : scheme_end + 3;
  shown += text.substr(0, begin);
  std::string_view rest = text.substr(begin);
  // The last '@' of all: in text that breaks the rules, nobody knows where the password ends.
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    shown += "***";
    rest.remove_prefix(at);
  }
  const auto query = rest.find_first_of("?#");
  shown += rest.substr(0, query);
  if (query != rest.npos) shown += rest.substr(query, 1), shown += "***";
  if (shown.size() > longest_shown) shown.replace(longest_shown, shown.npos, "...");
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return !is_printable(c); }, '?');
  return shown;
}

}  // namespace posthaste::http

#include "runtime/http/no_proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace posthaste::http {
namespace {

constexpr std::size_t longest_text = 16 * 1024;
constexpr std::size_t most_entries = 256;
constexpr std::string_view separators = ", \t\r\n";

constexpr bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

template <class Number>
bool read_number(std::string_view text, Number& number) noexcept {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end;
}

// Takes ":port" off an entry whose host can hold no further colon.
bool split_port(std::string_view& entry, std::uint16_t& port) noexcept {
  const auto colon = entry.rfind(':');
  const bool bracketed = entry.starts_with('[');
  const bool bare_ipv6 = !bracketed && colon != entry.npos && entry.find(':') != colon;
  if (colon == entry.npos || bare_ipv6 || (bracketed && entry[colon - 1] != ']')) return true;
  if (!read_number(entry.substr(colon + 1), port) || port == 0) return false;
  entry.remove_suffix(entry.size() - colon);
  return true;
}

}  // namespace

NoProxy NoProxy::parse(std::string_view text) {
  NoProxy list;
  if (text.size() > longest_text) {
    list.complaints_.push_back(
        "NO_PROXY is longer than 16 KiB: what stands behind that is ignored");
    text = text.substr(0, text.find_last_of(separators, longest_text));
    text = text.substr(0, longest_text);
  }
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
    if (entry.empty()) continue;
    if (list.entries_.size() == most_entries) {
      list.complaints_.push_back("NO_PROXY has more than 256 entries: the others are ignored");
      break;
    }
    if (const char* rule = list.add(entry)) {
      list.complaints_.push_back("NO_PROXY entry \"" + masked_url(entry) +
                                 "\" is ignored: " + rule);
    }
  }
  return list;
}

const char* NoProxy::add(std::string_view entry) {
  if (entry == "*") {
    everything_ = true;
    return nullptr;
  }
  std::uint16_t port = 0;
  if (!split_port(entry, port)) return "its port is not a number from 1 to 65535";
  if (Network network; read_network(entry, network)) {
    entries_.push_back({Kind::network, {}, network, port});
    return nullptr;
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const bool below = entry.starts_with('.');
  if (below) entry.remove_prefix(1);
  if (entry.ends_with('.')) entry.remove_suffix(1);
  if (entry.empty() || !std::all_of(entry.begin(), entry.end(), is_name_character)) {
    return "write a host, a domain, an address or a network such as 10.0.0.0/8";
  }
  std::string name = "." + std::string(entry);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  entries_.push_back({below ? Kind::below : Kind::name_and_below, std::move(name), {}, port});
  return nullptr;
}

bool NoProxy::read_address(std::string_view text, Network& network) noexcept {
  std::array<char, INET6_ADDRSTRLEN> zero_terminated{};
  if (text.size() >= zero_terminated.size()) return false;
  std::copy(text.begin(), text.end(), zero_terminated.begin());
  network.v6 = text.find(':') != text.npos;
  network.bits = network.v6 ? 128 : 32;
  return inet_pton(network.v6 ? AF_INET6 : AF_INET, zero_terminated.data(),
                   network.address.data()) == 1;
}

bool NoProxy::read_network(std::string_view text, Network& network) noexcept {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const auto slash = text.find('/');
  if (!read_address(text.substr(0, slash), network)) return false;
  if (slash == text.npos) return true;
  unsigned bits = 0;
  if (!read_number(text.substr(slash + 1), bits) || bits > network.bits) return false;
  network.bits = bits;
  return true;
}

bool NoProxy::contains(const Network& network, const Network& host) noexcept {
  if (network.v6 != host.v6) return false;
  const unsigned whole = network.bits / 8;
  const unsigned rest = network.bits % 8;
  if (!std::equal(network.address.begin(), network.address.begin() + whole, host.address.begin())) {
    return false;
  }
  if (rest == 0) return true;
  const int difference = network.address[whole] ^ host.address[whole];
  return (difference >> (8 - rest)) == 0;
}

bool NoProxy::covers(const Url& url) const noexcept {
  if (everything_ || url.is_loopback()) return true;
  Network host;
  const bool is_address = url.is_ip_literal() && read_address(url.host(), host);
  const std::string_view name = url.host();
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.port != 0 && entry.port != url.port()) return false;
    if (entry.kind == Kind::network) return is_address && contains(entry.network, host);
    if (is_address) return false;
    if (name.ends_with(entry.name)) return name.size() > entry.name.size();
    return entry.kind == Kind::name_and_below && name == std::string_view(entry.name).substr(1);
  });
}

}  // namespace posthaste::http

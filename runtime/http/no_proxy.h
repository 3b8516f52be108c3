#pragma once

/// The hosts that are reached without a proxy: the value of NO_PROXY, read once.
///
/// Entries stand between commas or spaces:
///   *                     every host
///   example.com           that host and all names below it
///   .example.com          the names below it only
///   10.1.2.3  ::1         one address (also in brackets)
///   10.0.0.0/8  fd00::/8  a network
///   name:port  [::1]:port the same, at that port only
/// Loopback is never sent through a proxy, whatever the list says. Only addresses written in the
/// URL are compared with networks: names are not looked up for it.
///
/// Threads:  an ordinary value; `covers` may be called from any thread.
/// Blocking: never.
/// Full:     entries beyond 256, or text beyond 16 KiB, are named in complaints().

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/http/url.h"

namespace posthaste::http {

class NoProxy {
public:
  NoProxy() = default;
  /// Entries that cannot be read are left out, each with a line in complaints().
  static NoProxy parse(std::string_view text);

  /// Is `url` to be reached directly?
  bool covers(const Url& url) const noexcept;

  const std::vector<std::string>& complaints() const noexcept { return complaints_; }

private:
  struct Network {
    std::array<std::uint8_t, 16> address{};  // IPv4 in its first four bytes
    bool v6 = false;
    unsigned bits = 0;
  };
  enum class Kind : std::uint8_t { name_and_below, below, network };
  struct Entry {
    Kind kind;
    std::string name;  // with a dot at its front; empty for a network
    Network network;
    std::uint16_t port;  // 0 = any
  };
  static bool read_address(std::string_view text, Network& network) noexcept;
  static bool read_network(std::string_view text, Network& network) noexcept;
  static bool contains(const Network& network, const Network& host) noexcept;
  const char* add(std::string_view entry);

  bool everything_ = false;
  std::vector<Entry> entries_;
  std::vector<std::string> complaints_;
};

}  // namespace posthaste::http

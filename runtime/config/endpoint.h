#pragma once

/// A base URL of a connection string, checked and brought to one form, so that the same place
/// always has the same text (queues in store and arena are found again by it). Pure; any thread.

#include <posthaste/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace posthaste::config {

struct Endpoint {
  bool https = true;
  std::string host;  // lower case; an IPv6 address without its brackets
  std::uint16_t port = 443;
  std::string path;  // empty, or "/..."; of a connection string without a slash at the end

  /// "https://host[:port][path]"; the port only where it is not the scheme's own.
  std::string text() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// `https://`, or `http://` to this machine alone (plain text would show the key to the network).
/// Refuses user names, queries and fragments. The error says the rule and the mend, without saying
/// which setting it was.
Result<Endpoint> parse_endpoint(std::string_view text);

/// `http://` or `https://` to anywhere, the path as it is, with a query where there is one: what OTLP
/// takes. Refuses user names and fragments.
Result<Endpoint> parse_otlp_endpoint(std::string_view text);

/// localhost, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host) noexcept;

/// A host name (labels of letters, digits, '-' and '_', the last of them no number) or an IPv4
/// address of four numbers, in any case.
bool is_host_name(std::string_view host) noexcept;

}  // namespace posthaste::config

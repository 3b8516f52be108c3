#pragma once

/// A checked http or https URL: what a request may be sent to, and what may be printed of it.
///
/// Settings, redirects and proxy values become a Url here or an error in one line; nothing behind
/// this type looks at URL text again. What is accepted is narrower than the RFC: ASCII only, no
/// spaces, no backslash, no percent sign in the host, at most 8 KiB, and no host that a resolver
/// would read as an address written in disguise ("2130706433", "0x7f.1").
///
/// Threads:  an ordinary value.
/// Blocking: never.

#include <cstdint>
#include <string>
#include <string_view>

#include <posthaste/result.h>

namespace posthaste::http {

enum class Scheme : std::uint8_t { http, https };

class Url {
public:
  /// Fails with `invalid_argument`. `source` names in the error where the text came from; user info
  /// and query are masked in it. A fragment is dropped, as it is never sent.
  static Result<Url> parse(std::string_view text, std::string_view source = "URL");

  /// What `reference` (the value of a Location header) means when this URL answered it: absolute,
  /// "//host/path" or "/path"; other relative forms are refused.
  Result<Url> resolve(std::string_view reference) const;

  Scheme scheme() const noexcept { return scheme_; }
  bool secure() const noexcept { return scheme_ == Scheme::https; }
  /// Lower case, without a dot at the end and without brackets; an IPv6 address in canonical form.
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }
  bool has_default_port() const noexcept { return port_ == default_port(scheme_); }
  /// Path and query as sent: begins with '/', never empty.
  const std::string& target() const noexcept { return target_; }

  bool is_ip_literal() const noexcept { return ip_literal_; }
  /// 127.0.0.0/8, ::1, localhost and names below it: nothing that leaves this machine.
  bool is_loopback() const noexcept;

  bool has_user_info() const noexcept { return has_user_info_; }
  const std::string& user() const noexcept { return user_; }          // percent-decoded; a secret
  const std::string& password() const noexcept { return password_; }  // percent-decoded; a secret

  /// "host[:port]", as in a Host header: brackets round IPv6, the port only if not the default.
  std::string authority() const;
  /// "host:port", as CONNECT wants it: the port always.
  std::string host_and_port() const;
  /// "scheme://host[:port]": who is talked to. Without secrets, fit for messages.
  std::string origin() const;
  /// The URL for people: user info and query are masked.
  std::string to_string() const;

  friend bool operator==(const Url&, const Url&) = default;

  static constexpr std::uint16_t default_port(Scheme scheme) noexcept {
    return scheme == Scheme::https ? 443 : 80;
  }

private:
  Url() = default;
  // Each takes its part off the front of `rest`, and returns the rule that it breaks, or null.
  const char* read(std::string_view text);
  const char* read_scheme(std::string_view& rest);
  const char* read_user_info(std::string_view text);
  const char* read_host(std::string_view& authority);
  const char* read_port(std::string_view text);

  Scheme scheme_ = Scheme::https;
  std::uint16_t port_ = 0;
  bool ip_literal_ = false;
  bool has_user_info_ = false;
  std::string host_, target_, user_, password_;
};

/// `text` as it may be shown: user info and query masked, control and foreign bytes replaced by
/// '?', cut to 120 bytes. For URLs that could not be read.
std::string masked_url(std::string_view text);

}  // namespace posthaste::http

#pragma once

/// Which proxy, if any, stands before a URL. Made from the *values* of HTTPS_PROXY, HTTP_PROXY and
/// NO_PROXY by whoever reads the environment; this folder never does.
///
///   https URL   HTTPS_PROXY, by a tunnel (CONNECT)
///   http URL    HTTP_PROXY, asked with the whole URL; ignored in a CGI process, where a client
///               could set it by a "Proxy:" header ("httpoxy")
///   loopback    never a proxy
///
/// Threads:  an ordinary value; asked on the io thread.
/// Blocking: never.

#include <optional>
#include <string>
#include <vector>

#include <posthaste/result.h>
#include "runtime/http/no_proxy.h"
#include "runtime/http/url.h"

namespace posthaste::http {

struct ProxyValues {
  std::string https_proxy = {};  // "[http://][user:password@]host[:port]"; empty = none
  std::string http_proxy = {};
  std::string no_proxy = {};
  bool cgi = false;  // REQUEST_METHOD is set in the environment
};

class ProxyRules {
public:
  ProxyRules() = default;
  /// Fails with `invalid_setting`, naming the variable, if a proxy cannot be used as written: to go
  /// round a proxy that somebody asked for would be worse. Only http:// proxies are spoken to.
  static Result<ProxyRules> parse(const ProxyValues& values);

  /// The proxy for `url`, or null: go directly. Valid as long as the rules.
  const Url* proxy_for(const Url& url) const noexcept;

  /// One line for each part of the values that was ignored.
  const std::vector<std::string>& complaints() const noexcept { return complaints_; }

private:
  std::optional<Url> https_, http_;
  NoProxy no_proxy_;
  std::vector<std::string> complaints_;
};

/// The value of Proxy-Authorization for a proxy with user info ("Basic ..."), else empty. A secret.
std::string proxy_authorization(const Url& proxy);

}  // namespace posthaste::http

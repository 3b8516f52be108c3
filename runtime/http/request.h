#pragma once

/// One request: where to, what, and how long each part of it may take.
///
/// Threads:  an ordinary value; handed to Client::post from any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <posthaste/result.h>
#include <posthaste/units.h>
#include "runtime/http/url.h"

namespace posthaste::http {

struct Header {
  std::string name, value;
};

/// A deadline for each phase, begun anew with each connection; `total` runs once, from post() to
/// Done, over retries and redirects, so no peer can stretch a request by doing a little at a time.
struct Phases {
  std::chrono::milliseconds resolve{5'000};
  std::chrono::milliseconds connect{
      5'000};  // divided among the addresses; again for a proxy's tunnel
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds write{30'000};  // the whole request: a peer that reads slower is left
  std::chrono::milliseconds first_byte{90'000};  // from the last byte sent to the first received
  std::chrono::milliseconds total{120'000};
};

enum class Method : std::uint8_t { post, get };
std::string_view to_string(Method method) noexcept;

struct Request {
  Url url;
  Method method = Method::post;
  /// Besides Host, User-Agent and Content-Length, which are the client's own.
  std::vector<Header> headers = {};
  /// Sent one after the other, never copied. Borrowed until Done was called.
  std::vector<std::span<const std::byte>> body = {};
  /// Keeps what `body` points to alive; released after Done. May be null.
  std::shared_ptr<const void> keep_alive = {};
  Phases phases = {};
  /// The longest body of an answer; empty: the client's limit.
  std::optional<Bytes> answer_limit = {};
};

/// Null, or the rule that the request breaks: no user info in the URL; no body in a GET; header names
/// and values that cannot end a line; none of the headers that the client itself is responsible for.
const char* broken_rule(const Request& request) noexcept;

/// The request line and headers, with the empty line at their end. `by_proxy`: the whole URL is
/// asked for, and `proxy_credentials` (may be empty) sent along. The result may hold secrets.
struct HeadOptions {
  std::string_view user_agent;
  bool by_proxy = false;
  std::string_view proxy_credentials = {};
};
std::string request_head(const Request& request, const Url& url, const HeadOptions& options);

/// What asks a proxy for a tunnel to `url`. The result may hold secrets.
std::string tunnel_head(const Url& url, std::string_view user_agent,
                        std::string_view proxy_credentials);

}  // namespace posthaste::http

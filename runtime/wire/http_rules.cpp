#include "runtime/wire/http_rules.h"

#include "runtime/wire/peer_address.h"
#include "runtime/wire/url_parts.h"

namespace posthaste::wire {
namespace {

using enum Known;

std::optional<Known> method_key(const SeenAttributes& seen) noexcept {
  return seen.first_of<http_request_method, http_method>();
}

/// What follows the host in a URL made of parts; empty when nothing is known of it.
std::string_view path_and_query(SeenAttributes& seen) {
  const auto path = seen.first_of<url_path>();
  const auto query = seen.first_of<url_query>();
  if (!path && !query) return seen.carry<http_target>();
  const std::string_view path_text = path ? seen.carry(path) : "/";
  if (!query) return path_text;
  std::string_view query_text = seen.carry(query);
  if (query_text.starts_with('?')) query_text.remove_prefix(1);
  return seen.scratch().join({path_text, "?", query_text});
}

/// The server's own address as seen from either side, with a port that the scheme does not imply.
std::string_view own_address(bool is_request, std::string_view scheme, SeenAttributes& seen) {
  const PeerQuestion question{default_port(scheme)};
  if (const auto host = seen.first_of<server_address>()) {
    return carry_address(host, seen.first_of<server_port>(), question, seen);
  }
  if (const auto host = seen.first_of<http_host>()) return seen.carry(host);
  if (is_request) {
    const auto host = seen.first_of<http_server_name, net_host_name>();
    const auto port = seen.first_of<server_port, net_host_port>();
    return host ? carry_address(host, port, question, seen) : std::string_view();
  }
  if (const auto host = seen.first_of<net_peer_name>()) {
    return carry_address(host, seen.first_of<net_peer_port>(), question, seen);
  }
  const auto address = seen.first_of<network_peer_address, net_peer_ip>();
  const auto port = seen.first_of<network_peer_port, net_peer_port>();
  return address ? carry_address(address, port, question, seen) : std::string_view();
}

/// The URL as given, or out of parts where scheme, host and path (or query) are known; else empty.
std::string_view find_url(bool is_request, SeenAttributes& seen) {
  if (const auto whole = seen.first_of<url_full, http_url>()) return seen.carry(whole);
  const auto scheme = seen.first_of<url_scheme, http_scheme>();
  const bool has_path = seen.first_of<url_path, url_query, http_target>().has_value();
  if (!scheme || !has_path) return {};
  const std::string_view host = own_address(is_request, seen.text(scheme), seen);
  if (host.empty()) return {};
  const std::string_view in_url = bracketed(host, seen.scratch());
  return seen.scratch().join({seen.carry(scheme), "://", in_url, path_and_query(seen)});
}

/// Of a URL that was given whole; one made of parts tells nothing new.
std::optional<UrlParts> parts_of_whole(std::string_view url, const SeenAttributes& seen) {
  if (!seen.first_of<url_full, http_url>()) return std::nullopt;
  return UrlParts::of(url);
}

/// Whether the URL says what the attribute `key` says.
bool is_part(const UrlParts& url, Known key, std::string_view text, TextScratch& scratch) {
  const std::string_view path = url.path.empty() ? "/" : url.path;
  switch (key) {
    case url_scheme:
    case http_scheme: return text == url.scheme;
    case url_path: return text == path;
    case url_query: return !text.empty() && text == url.query;
    case http_target:
      return text == (url.query.empty() ? path : scratch.join({path, "?", url.query}));
    case server_port:
    case net_peer_port:
    case net_host_port:
    case network_peer_port: return text == url.port;
    default: break;
  }
  if (text == url.host) return true;
  if (url.host.starts_with('[')) return text == url.host.substr(1, url.host.size() - 2);
  const std::string_view port = url.port.empty() ? default_port(url.scheme) : url.port;
  return key == http_host && text == scratch.join({url.host, ":", port});
}

/// Parts of the URL that came as attributes of their own as well.
void mark_parts_as_carried(const UrlParts& url, SeenAttributes& seen) {
  constexpr KnownSet parts{url_scheme,    http_scheme,   url_path,         url_query,
                           http_target,   http_host,     server_address,   server_port,
                           net_peer_name, net_peer_port, net_peer_ip,      network_peer_address,
                           net_host_name, net_host_port, http_server_name, network_peer_port};
  (seen.left() & parts).for_each([&](Known key) {
    if (is_part(url, key, seen.text(key), seen.scratch())) seen.carried(key);
  });
}

std::string_view method_and(std::string_view rest, SeenAttributes& seen) {
  return seen.scratch().join({seen.carry(method_key(seen)), " ", rest});
}

/// A name that the application gave carries the method where it begins with it.
void mark_method_if_in(std::string_view name, SeenAttributes& seen) {
  const auto key = method_key(seen);
  if (!key) return seen.carried_as("", {http_request_method, http_method});
  const std::string_view method = seen.text(key);
  if (!name.starts_with(method)) return;
  seen.carried(*key);
  const Known other = *key == http_method ? http_request_method : http_method;
  if (seen.has(other)) seen.carried_as(method, {other});
}

/// The path of a URL that was given whole.
std::optional<std::string_view> known_path(const std::optional<UrlParts>& url,
                                           SeenAttributes& seen) {
  if (!url) return std::nullopt;
  return normal_path(url->path, seen.scratch());
}

/// Parts that are empty, or the root, say nothing where no URL could be made of them.
void mark_idle_parts_as_carried(SeenAttributes& seen) {
  constexpr KnownSet parts{url_scheme,  http_scheme, url_path,       url_query,
                           http_target, http_host,   server_address, http_route};
  (seen.left() & parts).for_each([&](Known key) {
    const std::string_view text = seen.text(key);
    if (text.empty() || text == "/") seen.carried(key);
  });
}

std::string_view status_text(SeenAttributes& seen) {
  return seen.carry<http_response_status_code, http_status_code>();
}

}  // namespace

std::optional<double> http_status(const SeenAttributes& seen) noexcept {
  return seen.number(seen.first_of<http_response_status_code, http_status_code>());
}

void map_http_request(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const std::string_view text = find_url(true, seen);
  const auto url = parts_of_whole(text, seen);
  fields.url = redacted_url(text, seen.scratch());
  fields.result_code = status_text(seen);
  url ? mark_parts_as_carried(*url, seen) : mark_idle_parts_as_carried(seen);
  if (const auto route = seen.first_of<http_route>()) {
    fields.name = method_and(seen.carry(route), seen);
  } else if (const auto path = known_path(url, seen)) {
    fields.name = method_and(*path, seen);
  } else {
    mark_method_if_in(span.name, seen);
  }
  fields.operation_name = fields.name;
}

void map_http_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const std::string_view text = find_url(false, seen);
  const auto url = parts_of_whole(text, seen);
  fields.type = "Http";
  fields.data = redacted_url(text, seen.scratch());
  fields.result_code = status_text(seen);
  const std::string_view scheme = url ? url->scheme : seen.text<url_scheme, http_scheme>();
  const bool known = !scheme.empty();
  const std::string_view peer = find_peer(
      {known ? default_port(scheme) : "80", known ? "" : "443", url ? &*url : nullptr}, seen);
  if (!peer.empty()) fields.target = peer;
  url ? mark_parts_as_carried(*url, seen) : mark_idle_parts_as_carried(seen);
  if (const auto path = known_path(url, seen)) {
    fields.name = method_and(*path, seen);
  } else {
    mark_method_if_in(span.name, seen);
  }
}

}  // namespace posthaste::wire

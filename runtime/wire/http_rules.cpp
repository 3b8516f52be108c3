#include "runtime/wire/http_rules.h"

#include "runtime/wire/peer_address.h"
#include "runtime/wire/url_parts.h"

namespace posthaste::wire {
namespace {

using enum Known;

std::optional<Known> method_key(const SeenAttributes& seen) noexcept {
  return seen.first_of({http_request_method, http_method});
}

/// What follows the host in a URL made of parts; empty when nothing is known of it.
std::string_view path_and_query(SeenAttributes& seen) {
  const auto path = seen.first_of({url_path});
  const auto query = seen.first_of({url_query});
  if (!path && !query) return seen.carry({http_target});
  const std::string_view path_text = path ? seen.carry(path) : "/";
  if (!query) return path_text;
  std::string_view query_text = seen.carry(query);
  if (query_text.starts_with('?')) query_text.remove_prefix(1);
  return seen.scratch().join({path_text, "?", query_text});
}

/// The server's own address as seen from either side, with a port that the scheme does not imply.
std::string_view own_address(bool is_request, std::string_view scheme, SeenAttributes& seen) {
  const auto with_port = [&](std::optional<Known> host, std::initializer_list<Known> ports) {
    const std::string_view port = seen.carry(ports);
    return host_and_port(seen.carry(host), port, default_port(scheme), seen.scratch());
  };
  if (const auto host = seen.first_of({server_address})) return with_port(host, {server_port});
  if (const auto host = seen.first_of({http_host})) return seen.carry(host);
  if (is_request) {
    const auto host = seen.first_of({http_server_name, net_host_name});
    return host ? with_port(host, {server_port, net_host_port}) : std::string_view();
  }
  if (const auto host = seen.first_of({net_peer_name})) return with_port(host, {net_peer_port});
  const auto address = seen.first_of({network_peer_address, net_peer_ip});
  return address ? with_port(address, {network_peer_port, net_peer_port}) : std::string_view();
}

/// The URL as given, or out of parts where scheme, host and path (or query) are known; else empty.
std::string_view find_url(bool is_request, SeenAttributes& seen) {
  if (const auto whole = seen.first_of({url_full, http_url})) return seen.carry(whole);
  const auto scheme = seen.first_of({url_scheme, http_scheme});
  const bool has_path = seen.first_of({url_path, url_query, http_target}).has_value();
  if (!scheme || !has_path) return {};
  const std::string_view host = own_address(is_request, seen.text(scheme), seen);
  if (host.empty()) return {};
  return seen.scratch().join({seen.carry(scheme), "://", host, path_and_query(seen)});
}

/// Parts of the URL that came as attributes of their own as well.
void mark_parts_as_carried(const UrlParts& url, SeenAttributes& seen) {
  constexpr KnownSet parts{url_scheme,    http_scheme,   url_path,         url_query,
                           http_target,   http_host,     server_address,   server_port,
                           net_peer_name, net_peer_port, net_peer_ip,      network_peer_address,
                           net_host_name, net_host_port, http_server_name, network_peer_port};
  if (!(seen.left() & parts).any()) return;
  std::string_view host = url.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  for (const std::string_view text : {url.host, host}) {
    seen.carried_as(text, {server_address, http_host, net_peer_name, net_peer_ip, net_host_name,
                           network_peer_address, http_server_name});
  }
  const std::string_view port = url.port.empty() ? default_port(url.scheme) : url.port;
  seen.carried_as(port, {server_port, net_peer_port, net_host_port, network_peer_port});
  seen.carried_as(url.scheme, {url_scheme, http_scheme});
  seen.carried_as(url.path.empty() ? "/" : url.path, {url_path, http_target});
  if (!url.query.empty()) seen.carried_as(url.query, {url_query});
  if (seen.has(http_host)) {
    seen.carried_as(seen.scratch().join({url.host, ":", port}), {http_host});
  }
  if (seen.has(http_target) && !url.query.empty()) {
    const std::string_view path = url.path.empty() ? "/" : url.path;
    seen.carried_as(seen.scratch().join({path, "?", url.query}), {http_target});
  }
}

std::string_view method_and(std::string_view rest, SeenAttributes& seen) {
  return seen.scratch().join({seen.carry(method_key(seen)), " ", rest});
}

/// A name that the application gave carries the method where it begins with it.
void mark_method_if_in(std::string_view name, SeenAttributes& seen) {
  const std::string_view method = seen.text(method_key(seen));
  if (name.starts_with(method)) seen.carried_as(method, {http_request_method, http_method});
}

/// The path of a URL that was given whole.
std::optional<std::string_view> known_path(const std::optional<UrlParts>& url,
                                           SeenAttributes& seen) {
  if (!url || !seen.first_of({url_full, http_url})) return std::nullopt;
  return normal_path(url->path, seen.scratch());
}

/// Parts that are empty, or the root, say nothing where no URL could be made of them.
void mark_idle_parts_as_carried(SeenAttributes& seen) {
  for (const std::string_view idle : {"", "/"}) {
    seen.carried_as(idle, {url_scheme, http_scheme, url_path, url_query, http_target, http_host,
                           server_address, http_route});
  }
}

std::string_view status_text(SeenAttributes& seen) {
  return seen.carry({http_response_status_code, http_status_code});
}

}  // namespace

std::optional<std::int64_t> http_status(const SeenAttributes& seen) noexcept {
  return seen.integer(seen.first_of({http_response_status_code, http_status_code}));
}

void map_http_request(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const std::string_view text = find_url(true, seen);
  const auto url = UrlParts::of(text);
  fields.url = redacted_url(text, seen.scratch());
  fields.result_code = status_text(seen);
  url ? mark_parts_as_carried(*url, seen) : mark_idle_parts_as_carried(seen);
  if (const auto route = seen.first_of({http_route})) {
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
  const auto url = UrlParts::of(text);
  fields.type = "Http";
  fields.data = redacted_url(text, seen.scratch());
  fields.result_code = status_text(seen);
  const std::string_view scheme = url ? url->scheme : seen.text({url_scheme, http_scheme});
  const std::string_view peer = find_peer({default_port(scheme), url}, seen);
  if (!peer.empty()) fields.target = peer;
  url ? mark_parts_as_carried(*url, seen) : mark_idle_parts_as_carried(seen);
  if (const auto path = known_path(url, seen)) {
    fields.name = method_and(*path, seen);
  } else {
    mark_method_if_in(span.name, seen);
  }
}

}  // namespace posthaste::wire

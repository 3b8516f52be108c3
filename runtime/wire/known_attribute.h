#pragma once

/// The attribute keys that the mapping to Application Insights understands, old and stable
/// conventions side by side, and the look-up from a key's text: one hash, one comparison.
/// A convention gets another key by a line in the list below and a rule that reads it.
///
/// Pure; called for every attribute of every record.

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace posthaste::wire {

// clang-format off
#define POSTHASTE_KNOWN_ATTRIBUTES(X)                                     \
  X(http_request_method, "http.request.method")                           \
  X(http_method, "http.method")                                           \
  X(http_response_status_code, "http.response.status_code")               \
  X(http_status_code, "http.status_code")                                 \
  X(http_route, "http.route")                                             \
  X(url_full, "url.full")                                                 \
  X(http_url, "http.url")                                                 \
  X(url_scheme, "url.scheme")                                             \
  X(http_scheme, "http.scheme")                                           \
  X(url_path, "url.path")                                                 \
  X(url_query, "url.query")                                               \
  X(http_target, "http.target")                                           \
  X(http_host, "http.host")                                               \
  X(http_server_name, "http.server_name")                                 \
  X(server_address, "server.address")                                     \
  X(server_port, "server.port")                                           \
  X(net_host_name, "net.host.name")                                       \
  X(net_host_port, "net.host.port")                                       \
  X(net_peer_name, "net.peer.name")                                       \
  X(net_peer_port, "net.peer.port")                                       \
  X(net_peer_ip, "net.peer.ip")                                           \
  X(network_peer_address, "network.peer.address")                         \
  X(network_peer_port, "network.peer.port")                               \
  X(peer_service, "peer.service")                                         \
  X(peer_address, "peer.address")                                         \
  X(client_address, "client.address")                                     \
  X(client_port, "client.port")                                           \
  X(http_client_ip, "http.client_ip")                                     \
  X(http_flavor, "http.flavor")                                           \
  X(http_status_text, "http.status_text")                                 \
  X(net_host_ip, "net.host.ip")                                           \
  X(net_transport, "net.transport")                                       \
  X(network_transport, "network.transport")                               \
  X(network_protocol_name, "network.protocol.name")                       \
  X(network_protocol_version, "network.protocol.version")                 \
  X(network_local_address, "network.local.address")                       \
  X(network_local_port, "network.local.port")                             \
  X(user_agent_original, "user_agent.original")                           \
  X(http_user_agent, "http.user_agent")                                   \
  X(user_agent_synthetic_type, "user_agent.synthetic.type")               \
  X(error_type, "error.type")                                             \
  X(db_system_name, "db.system.name")                                     \
  X(db_system, "db.system")                                               \
  X(db_namespace, "db.namespace")                                         \
  X(db_name, "db.name")                                                   \
  X(db_query_text, "db.query.text")                                       \
  X(db_statement, "db.statement")                                         \
  X(db_operation_name, "db.operation.name")                               \
  X(db_operation, "db.operation")                                         \
  X(db_response_status_code, "db.response.status_code")                   \
  X(rpc_system_name, "rpc.system.name")                                   \
  X(rpc_system, "rpc.system")                                             \
  X(rpc_response_status_code, "rpc.response.status_code")                 \
  X(rpc_grpc_status_code, "rpc.grpc.status_code")                         \
  X(messaging_system, "messaging.system")                                 \
  X(messaging_destination_name, "messaging.destination.name")             \
  X(messaging_destination, "messaging.destination")                       \
  X(message_bus_destination, "message_bus.destination")                   \
  X(az_namespace, "az.namespace")                                         \
  X(enduser_id, "enduser.id")                                             \
  X(enduser_pseudo_id, "enduser.pseudo.id")                               \
  X(session_id, "session.id")                                             \
  X(exception_type, "exception.type")                                     \
  X(exception_message, "exception.message")                               \
  X(exception_stacktrace, "exception.stacktrace")                         \
  /* a list of maps with the same three keys: nested exceptions, the outer ones first */ \
  X(exception_causes, "posthaste.exception.causes")                       \
  X(microsoft_sample_rate, "microsoft.sample_rate")                       \
  X(ms_sample_rate, "_MS.sampleRate")                                     \
  X(microsoft_client_ip, "microsoft.client.ip")                           \
  X(microsoft_session_id, "microsoft.session.id")                         \
  X(microsoft_synthetic_source, "microsoft.synthetic_source")             \
  X(microsoft_user_account_id, "microsoft.user.account_id")               \
  X(microsoft_operation_name, "microsoft.operation_name")                 \
  X(microsoft_request_name, "microsoft.request.name")                     \
  X(microsoft_request_url, "microsoft.request.url")                       \
  X(microsoft_request_source, "microsoft.request.source")                 \
  X(microsoft_request_result_code, "microsoft.request.resultCode")        \
  X(microsoft_dependency_type, "microsoft.dependency.type")               \
  X(microsoft_dependency_name, "microsoft.dependency.name")               \
  X(microsoft_dependency_data, "microsoft.dependency.data")               \
  X(microsoft_dependency_target, "microsoft.dependency.target")           \
  X(microsoft_dependency_result_code, "microsoft.dependency.resultCode")  \
  X(microsoft_custom_event_name, "microsoft.custom_event.name")           \
  X(microsoft_custom_measurements, "microsoft.custom_measurements")       \
  X(microsoft_availability_id, "microsoft.availability.id")               \
  X(microsoft_availability_name, "microsoft.availability.name")           \
  X(microsoft_availability_duration, "microsoft.availability.duration")   \
  X(microsoft_availability_success, "microsoft.availability.success")     \
  X(microsoft_availability_location, "microsoft.availability.runLocation")\
  X(microsoft_availability_message, "microsoft.availability.message")     \
  X(ms_base_type, "_MS.baseType")                                         \
  X(ai_operation_name, "ai.operation.name")                               \
  X(ai_device_id, "ai.device.id")                                         \
  X(ai_device_model, "ai.device.model")                                   \
  X(ai_device_type, "ai.device.type")                                     \
  X(ai_device_os_version, "ai.device.osVersion")                          \
  /* what we add as properties ourselves, so that no key comes twice */   \
  X(ms_metric_extractors, "_MS.ProcessedByMetricExtractors")              \
  X(otel_status_description, "otel.status_description")                   \
  X(otel_scope_name, "otel.scope.name")                                   \
  X(otel_scope_version, "otel.scope.version")                             \
  X(otel_dropped_attributes, "otel.dropped_attributes_count")             \
  X(otel_dropped_events, "otel.dropped_events_count")                     \
  X(otel_dropped_links, "otel.dropped_links_count")                       \
  X(posthaste_interrupted, "posthaste.interrupted")                       \
  X(log_body, "log.body")                                                 \
  X(event_name, "event.name")
// clang-format on

enum class Known : std::uint8_t {
#define POSTHASTE_X(name, text) name,
  POSTHASTE_KNOWN_ATTRIBUTES(POSTHASTE_X)
#undef POSTHASTE_X
};

inline constexpr auto known_keys = std::to_array<std::string_view>({
#define POSTHASTE_X(name, text) text,
    POSTHASTE_KNOWN_ATTRIBUTES(POSTHASTE_X)
#undef POSTHASTE_X
});
inline constexpr std::size_t known_count = known_keys.size();

constexpr std::string_view key_of(Known known) noexcept {
  return known_keys[static_cast<std::size_t>(known)];
}

namespace detail {

inline constexpr std::size_t known_slots = 1'024;
inline constexpr std::size_t shortest_known = 7;

/// Four bytes of `text` from `at`.
constexpr std::uint32_t four_bytes(std::string_view text, std::size_t at) noexcept {
  if (std::is_constant_evaluated()) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      word |= std::uint32_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
    }
    return word;
  }
  std::uint32_t word = 0;
  std::memcpy(&word, text.data() + at, 4);
  return word;
}

/// First, middle and last bytes and the length tell all known keys apart.
constexpr std::size_t slot_of(std::string_view key, std::uint32_t seed) noexcept {
  std::uint32_t hash = four_bytes(key, key.size() - 4) * 0x9E3779B1u;
  hash ^= four_bytes(key, key.size() / 2 - 2) * seed;
  hash += (four_bytes(key, 0) + static_cast<std::uint32_t>(key.size())) * 0x85EBCA77u;
  return (hash * seed) >> 22;
}

/// Two texts of the same size, at least `shortest_known`: eight bytes at a time, the last ones
/// twice.
inline bool same_bytes(std::string_view a, std::string_view b) noexcept {
  const auto eight = [](const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, 8);
    return word;
  };
  const std::size_t size = a.size();
  if (size < 8) {
    return four_bytes(a, 0) == four_bytes(b, 0) &&
           four_bytes(a, size - 4) == four_bytes(b, size - 4);
  }
  std::uint64_t differ = (eight(a.data()) ^ eight(b.data())) |
                         (eight(a.data() + size - 8) ^ eight(b.data() + size - 8));
  if (size > 16) {  // as most are, up to 24 in one step
    differ |= eight(a.data() + 8) ^ eight(b.data() + 8);
    for (std::size_t at = 16; at + 8 < size; at += 8) {
      differ |= eight(a.data() + at) ^ eight(b.data() + at);
    }
  }
  return differ == 0;
}

struct KnownTable {
  std::uint32_t seed = 0;
  std::array<std::uint8_t, known_slots> slots{};  // index into known_keys + 1; 0 = empty
};

constexpr bool fill(KnownTable& table) {
  table.slots = {};
  for (std::size_t i = 0; i < known_count; ++i) {
    std::uint8_t& slot = table.slots[slot_of(known_keys[i], table.seed)];
    if (slot != 0) return false;
    slot = static_cast<std::uint8_t>(i + 1);
  }
  return true;
}

constexpr KnownTable make_known_table() {
  KnownTable table{0xC2B2AE3Du, {}};
  while (!fill(table)) table.seed = (table.seed * 0x01000193u + 0x2545F49Eu) | 1u;
  return table;
}

inline constexpr KnownTable known_table = make_known_table();

}  // namespace detail

/// Which known key `key` is, if any.
[[gnu::always_inline]] inline std::optional<Known> find_known(std::string_view key) noexcept {
  if (key.size() < detail::shortest_known) return std::nullopt;
  const std::uint8_t found =
      detail::known_table.slots[detail::slot_of(key, detail::known_table.seed)];
  if (found == 0) return std::nullopt;
  const std::string_view candidate = known_keys[found - 1u];
  if (candidate.size() != key.size() || !detail::same_bytes(candidate, key)) return std::nullopt;
  return static_cast<Known>(found - 1);
}

}  // namespace posthaste::wire

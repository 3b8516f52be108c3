#pragma once

/// From a span to the fields of its envelope: the conventions in their order, what applies to all
/// of them, and the attributes by which an application overrides everything (microsoft.request.*,
/// microsoft.dependency.*, microsoft.operation_name).
///
/// Pure; called by the encoder once for each span.

#include "runtime/base/tick_clock.h"
#include "runtime/wire/record_parts.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

/// What the rules read of a span beside its attributes; borrows from `parts`, which took it.
SpanFacts span_facts(const model::RecordHead& head, const RecordParts& parts,
                     const TickScale& scale);

SpanFields map_span(const SpanFacts& span, SeenAttributes& seen);

/// The rate in percent that the record stands for: microsoft.sample_rate, else _MS.sampleRate, else
/// `recorded`; what is no number within (0, 100] is ignored.
double find_sample_rate(const SeenAttributes& seen, double recorded) noexcept;

/// Keys that are never properties, whether or not anything carries them: they are ours to read.
inline constexpr KnownSet never_properties{Known::microsoft_sample_rate,
                                           Known::ms_sample_rate,
                                           Known::microsoft_client_ip,
                                           Known::microsoft_session_id,
                                           Known::microsoft_synthetic_source,
                                           Known::microsoft_user_account_id,
                                           Known::microsoft_operation_name,
                                           Known::microsoft_request_name,
                                           Known::microsoft_request_url,
                                           Known::microsoft_request_source,
                                           Known::microsoft_request_result_code,
                                           Known::microsoft_dependency_type,
                                           Known::microsoft_dependency_name,
                                           Known::microsoft_dependency_data,
                                           Known::microsoft_dependency_target,
                                           Known::microsoft_dependency_result_code,
                                           Known::microsoft_custom_event_name,
                                           Known::microsoft_custom_measurements,
                                           Known::microsoft_availability_id,
                                           Known::microsoft_availability_name,
                                           Known::microsoft_availability_duration,
                                           Known::microsoft_availability_success,
                                           Known::microsoft_availability_location,
                                           Known::microsoft_availability_message,
                                           Known::ms_base_type,
                                           Known::ai_operation_name};

/// Nor are these on spans, whether or not a tag carries them, as with Microsoft's exporters: who a
/// user is belongs into tags alone, and `rpc.system` is a type or nothing.
inline constexpr KnownSet never_properties_of_spans{Known::rpc_system,
                                                    Known::http_user_agent,
                                                    Known::user_agent_original,
                                                    Known::enduser_id,
                                                    Known::enduser_pseudo_id,
                                                    Known::session_id,
                                                    Known::user_agent_synthetic_type};

/// And these on the events of spans: the exporters' list of attributes that belong to the span.
inline constexpr KnownSet never_properties_of_events{Known::net_peer_ip,
                                                     Known::net_peer_name,
                                                     Known::net_peer_port,
                                                     Known::net_host_ip,
                                                     Known::net_host_name,
                                                     Known::net_host_port,
                                                     Known::net_transport,
                                                     Known::peer_service,
                                                     Known::http_user_agent,
                                                     Known::http_method,
                                                     Known::http_url,
                                                     Known::http_status_code,
                                                     Known::http_route,
                                                     Known::http_host,
                                                     Known::http_scheme,
                                                     Known::http_target,
                                                     Known::http_flavor,
                                                     Known::http_client_ip,
                                                     Known::http_status_text,
                                                     Known::db_system,
                                                     Known::db_statement,
                                                     Known::db_operation,
                                                     Known::db_name,
                                                     Known::rpc_system,
                                                     Known::rpc_grpc_status_code,
                                                     Known::enduser_id,
                                                     Known::client_address,
                                                     Known::client_port,
                                                     Known::server_address,
                                                     Known::server_port,
                                                     Known::url_full,
                                                     Known::url_path,
                                                     Known::url_query,
                                                     Known::url_scheme,
                                                     Known::error_type,
                                                     Known::network_local_address,
                                                     Known::network_local_port,
                                                     Known::network_peer_address,
                                                     Known::network_peer_port,
                                                     Known::network_protocol_name,
                                                     Known::network_protocol_version,
                                                     Known::network_transport,
                                                     Known::user_agent_original,
                                                     Known::http_request_method,
                                                     Known::http_response_status_code,
                                                     Known::enduser_pseudo_id,
                                                     Known::session_id,
                                                     Known::user_agent_synthetic_type};

}  // namespace posthaste::wire

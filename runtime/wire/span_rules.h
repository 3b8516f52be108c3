#pragma once

/// From a span to the fields of its envelope: the conventions in their order, what applies to all
/// of them, and the attributes by which an application overrides everything (microsoft.request.*,
/// microsoft.dependency.*, microsoft.operation_name).
///
/// Pure; called by the encoder once for each span.

#include "runtime/wire/seen_attributes.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

SpanFields map_span(const SpanFacts& span, SeenAttributes& seen);

/// The rate in percent that the record stands for: microsoft.sample_rate, else _MS.sampleRate, else
/// `recorded`; what is no number within (0, 100] is ignored.
double find_sample_rate(const SeenAttributes& seen, double recorded) noexcept;

/// Keys that are never properties, whether or not anything carries them: they are ours to read.
inline constexpr KnownSet never_properties{
    Known::microsoft_sample_rate,         Known::ms_sample_rate,
    Known::microsoft_client_ip,           Known::microsoft_session_id,
    Known::microsoft_synthetic_source,    Known::microsoft_user_account_id,
    Known::microsoft_operation_name,      Known::microsoft_request_name,
    Known::microsoft_request_url,         Known::microsoft_request_source,
    Known::microsoft_request_result_code, Known::microsoft_dependency_type,
    Known::microsoft_dependency_name,     Known::microsoft_dependency_data,
    Known::microsoft_dependency_target,   Known::microsoft_dependency_result_code,
    Known::microsoft_custom_event_name,   Known::ai_operation_name};

}  // namespace posthaste::wire

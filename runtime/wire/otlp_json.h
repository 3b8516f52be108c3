#pragma once

/// Records as the pieces of an OTLP/JSON request: the JSON mapping of protobuf, but for ids, which
/// are hexadecimal; 64-bit numbers are strings, enumerations numbers. Pure; for otlp_request.h,
/// which joins the pieces. What an item says beyond what was recorded: see otlp_items.h.
///
/// Exceptions: std::bad_alloc of the buffer.

#include "runtime/base/tick_clock.h"
#include "runtime/model/metric_point_view.h"
#include "runtime/model/record_view.h"
#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/envelope_encoder.h"

#include <posthaste/sample_rate.h>

#include <string_view>

namespace posthaste::wire {

/// `[{"key":...,"value":{...}},...]` of all attributes among `entries`.
void append_otlp_json_attributes(ByteBuffer& out, std::string_view entries);

/// A whole object each. False where the record's bytes make no sense; what was written until then is
/// the caller's to take back.
bool append_otlp_json_span(ByteBuffer& out, const model::RecordView& record, const TickScale& scale,
                           SamplingHash hash, std::string_view& scope_attributes);
bool append_otlp_json_log(ByteBuffer& out, const model::RecordView& record, const TickScale& scale,
                          std::string_view& scope_attributes);
void append_otlp_json_point(ByteBuffer& out, const model::MetricPointView& point,
                            const TickScale& scale);

/// Members of the object around the items, without its braces: `"scope":{...}`, `"name":"..."`.
void append_otlp_json_scope(ByteBuffer& out, const Scope& scope, std::string_view attributes);
void append_otlp_json_metric(ByteBuffer& out, const model::MetricPointView& point);

}  // namespace posthaste::wire

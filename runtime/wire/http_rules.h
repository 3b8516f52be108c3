#pragma once

/// HTTP spans, old (http.*) and stable (http.request.*, url.*) conventions: those with a method.
/// Without a method nothing is taken as HTTP. One of the conventions in the table of
/// span_rules.cpp. Pure.

#include "runtime/wire/seen_attributes.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

inline constexpr KnownSet http_triggers{Known::http_request_method, Known::http_method};

/// url, result code, name and operation name (`METHOD route`, `METHOD path`, else the span's name).
void map_http_request(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);
/// type, data, target, result code, name (`METHOD path` where the whole URL is known).
void map_http_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);

/// The HTTP status that the span has, whether or not it counts as HTTP.
std::optional<double> http_status(const SeenAttributes& seen) noexcept;

}  // namespace posthaste::wire

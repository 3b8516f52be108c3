#pragma once

/// Messages sent and received, and the rules of Azure's own client libraries (az.namespace), which
/// come before all conventions. In the table of span_rules.cpp. Pure.

#include "runtime/wire/seen_attributes.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

inline constexpr KnownSet messaging_triggers{
    Known::messaging_system, Known::messaging_destination_name, Known::messaging_destination};

/// Consumers: source = `host[:port]/destination`, or the part that is known.
void map_messaging_request(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);
/// Producers and clients: type = messaging.system; the same text as target and data.
void map_messaging_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);

/// What a span with az.namespace has in place of what a convention found: its type, and for Event
/// Hubs target or source, and how long messages waited.
void override_by_azure(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);

}  // namespace posthaste::wire

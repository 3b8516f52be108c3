#pragma once

/// The base data of spans: RequestData and RemoteDependencyData, from what span_rules.h found. Each
/// writes all fields but the properties. Threads: none.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

void write_request_data(ItemWriter& item, const SpanId& id, std::chrono::nanoseconds duration,
                        const SpanFields& fields);
void write_dependency_data(ItemWriter& item, const SpanId& id, std::chrono::nanoseconds duration,
                           const SpanFields& fields);

}  // namespace posthaste::wire

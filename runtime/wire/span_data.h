#pragma once

/// The base data of spans: RequestData and RemoteDependencyData, from what span_rules.h found.
/// Properties and measurements come between the fields that are named first and those that differ
/// in every item. Threads: none.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

void write_request_data(ItemWriter& item, const SpanFields& fields);
void write_dependency_data(ItemWriter& item, const SpanFields& fields);
/// Of both.
void write_duration_and_id(ItemWriter& item, std::chrono::nanoseconds duration, const SpanId& id);

}  // namespace posthaste::wire

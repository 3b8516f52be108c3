#pragma once

/// Reads OTLP/JSON export requests (opentelemetry-proto 1.x): `resourceSpans`, `resourceMetrics`
/// and `resourceLogs`, in one request or in several, one after the other, as the Collector's file
/// exporter writes them. Members come in any order, unknown ones are skipped, `null` is absent.
///
/// One pass over text in memory; what is told borrows from it. Memory beside it is bounded by one
/// item (ItemMemory). Threads: none. Exceptions: std::bad_alloc, and what the Visitor throws.

#include "tools/otlp/visitor.h"

namespace posthaste::tools::otlp {

/// Tells `visitor` everything; empty when all was well-formed.
std::optional<Defect> read_json(std::string_view text, Visitor& visitor);

}  // namespace posthaste::tools::otlp

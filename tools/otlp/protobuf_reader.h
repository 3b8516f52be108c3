#pragma once

/// Reads an OTLP export request out of protobuf: ExportTraceServiceRequest,
/// ExportMetricsServiceRequest or ExportLogsServiceRequest (opentelemetry-proto 1.x). Fields come
/// in any order, unknown ones are skipped.
///
/// One pass over bytes in memory; what is told borrows from them. Texts are handed on as they are,
/// also where they are no UTF-8. Memory beside the input is bounded by one item (ItemMemory).
/// Threads: none. Exceptions: std::bad_alloc, and what the Visitor throws.

#include "tools/otlp/visitor.h"

namespace posthaste::tools::otlp {

/// Tells `visitor` everything; empty when all was well-formed.
std::optional<Defect> read_protobuf(std::string_view bytes, Signal signal, Visitor& visitor);

}  // namespace posthaste::tools::otlp

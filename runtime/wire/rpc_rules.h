#pragma once

/// Remote procedure calls, both sides. One of the conventions in the table of span_rules.cpp. Pure.

#include "runtime/wire/seen_attributes.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

inline constexpr KnownSet rpc_triggers{Known::rpc_system_name, Known::rpc_system};
/// A request's code tells enough; a dependency is of no type and target without a system.
inline constexpr KnownSet rpc_request_triggers{Known::rpc_system_name, Known::rpc_system,
                                               Known::rpc_grpc_status_code,
                                               Known::rpc_response_status_code};

void map_rpc_request(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);
/// type (`GRPC`, `WCF Service`, else the system as it is), target, result code.
void map_rpc_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);

/// Whether a numeric status says that the call failed, where the span's own status says nothing:
/// any but 0 for a client; for a server only those that are its own fault.
bool rpc_failed(const SpanFacts& span, const SeenAttributes& seen) noexcept;

}  // namespace posthaste::wire

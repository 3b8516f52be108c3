#include "runtime/wire/rpc_rules.h"

#include "runtime/wire/peer_address.h"

namespace posthaste::wire {
namespace {

using enum Known;

/// A code of 0 is a code too.
std::optional<Known> status_key(const SeenAttributes& seen) noexcept {
  if (seen.has(rpc_response_status_code)) return rpc_response_status_code;
  if (seen.has(rpc_grpc_status_code)) return rpc_grpc_status_code;
  return std::nullopt;
}

}  // namespace

void map_rpc_request(const SpanFacts&, SeenAttributes& seen, SpanFields& fields) {
  fields.result_code = seen.carry(status_key(seen));
}

void map_rpc_dependency(const SpanFacts&, SeenAttributes& seen, SpanFields& fields) {
  fields.result_code = seen.carry(status_key(seen));
  const std::string_view system = seen.carry<rpc_system_name, rpc_system>();
  fields.type = system == "grpc" ? "GRPC" : system == "dotnet_wcf" ? "WCF Service" : system;
  const std::string_view peer = find_peer({}, seen);
  fields.target = peer.empty() ? system : peer;
}

bool rpc_failed(const SpanFacts& span, const SeenAttributes& seen) noexcept {
  const auto key = status_key(seen);
  if (!key) return false;
  const auto code = seen.integer(key);
  if (!code || *code == 0) return false;
  if (span.kind != SpanKind::server) return span.kind == SpanKind::client;
  switch (*code) {
    case 2:   // unknown
    case 4:   // deadline exceeded
    case 12:  // unimplemented
    case 13:  // internal
    case 14:  // unavailable
    case 15:  // data loss
      return true;
    default: return false;
  }
}

}  // namespace posthaste::wire

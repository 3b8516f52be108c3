#pragma once

/// What an OTLP endpoint answered: to a request that it took, ExportTraceServiceResponse and its
/// like with their partial success; to one that it refused, google.rpc.Status. In protobuf or JSON.
///
/// The bytes come from outside: they are read within fixed bounds, unknown fields are passed over,
/// and no number in them sizes anything. Pure; called on actor threads.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::wire {

inline constexpr std::size_t otlp_reply_limit = 4 * 1024 * 1024;

struct OtlpReply {
  std::uint64_t rejected = 0;  // spans, log records or data points; never below 0
  std::string message;         // at most 256 bytes, as it came
};

/// Empty if `body` is not such a message. An empty body is a full success of either format.
std::optional<OtlpReply> parse_otlp_success(std::string_view body, bool json);
std::optional<OtlpReply> parse_otlp_refusal(std::string_view body, bool json);

}  // namespace posthaste::wire

#pragma once

/// What a file of unknown origin is: OTLP/JSON, or which of the three protobuf requests. They look
/// alike from outside: the three are told apart by the wire types of their items' fields, and a
/// protobuf request begins with a byte that JSON takes for a line feed.
///
/// Pure; looks at all of a protobuf input, at the first bytes of a JSON one. The only file that
/// knows both readers.

#include "tools/otlp/visitor.h"

namespace posthaste::tools::otlp {

enum class RequestFormat : std::uint8_t {
  json,
  protobuf_traces,
  protobuf_metrics,
  protobuf_logs,
  unknown,   // neither JSON nor protobuf
  ambiguous  // protobuf whose items could be of several signals
};

RequestFormat recognise_format(std::string_view input) noexcept;

/// Reads `input`, which is of `format`, and tells `visitor`; see read_json and read_protobuf.
std::optional<Defect> read_request(std::string_view input, RequestFormat format, Visitor& visitor);

}  // namespace posthaste::tools::otlp

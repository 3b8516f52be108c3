#pragma once

/// What an OTLP endpoint answers, in the format of the request: as the OpenTelemetry Collector does.
///
/// Pure.

#include "tools/emulator/reply.h"
#include "tools/otlp/telemetry.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace posthaste::tools {

enum class OtlpFormat : std::uint8_t { protobuf, json, unknown };

/// Of a Content-Type, whatever its parameters.
OtlpFormat otlp_format_of(std::string_view content_type) noexcept;

/// google.rpc.Status, with the code of gRPC that belongs to `status`.
Reply otlp_refusal(OtlpFormat format, unsigned status, std::string_view message);
/// In plain text: nobody knows which format the client reads.
Reply otlp_wrong_type();
Reply otlp_wrong_method();

/// Taken; with `partial` in part, whatever its numbers.
struct OtlpPartial {
  std::int64_t rejected = 0;
  std::string message;
};
Reply otlp_success(OtlpFormat format);
Reply otlp_success(OtlpFormat format, otlp::Signal signal, const OtlpPartial& partial);

}  // namespace posthaste::tools

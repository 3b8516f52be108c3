#pragma once

/// How a body is encoded: kept beside it wherever it waits (settlement table, store), so that a
/// later process sends it as what it is, whatever its own settings say. The numbers lie on disk and
/// never change. A value.

#include "runtime/wire/otlp_request.h"

#include <cstdint>

namespace posthaste::wire {

enum class BodyKind : std::uint32_t {
  track_gzip = 0,  // Application Insights items, a line each
  otlp_protobuf = 1,
  otlp_protobuf_gzip = 2,
  otlp_json = 3,
  otlp_json_gzip = 4,
};

constexpr BodyKind otlp_body_kind(OtlpFormat format, bool gzip) noexcept {
  if (format == OtlpFormat::json) return gzip ? BodyKind::otlp_json_gzip : BodyKind::otlp_json;
  return gzip ? BodyKind::otlp_protobuf_gzip : BodyKind::otlp_protobuf;
}

constexpr bool is_otlp(BodyKind kind) noexcept {
  return kind != BodyKind::track_gzip;
}
constexpr bool is_json(BodyKind kind) noexcept {
  return kind == BodyKind::otlp_json || kind == BodyKind::otlp_json_gzip;
}
constexpr bool is_gzip(BodyKind kind) noexcept {
  return kind == BodyKind::track_gzip || kind == BodyKind::otlp_protobuf_gzip ||
         kind == BodyKind::otlp_json_gzip;
}

}  // namespace posthaste::wire

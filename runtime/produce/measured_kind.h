#pragma once

/// Which spans the standard metrics measure though they are not sampled: every kind but internal
/// ones, which Application Insights counts by their items. Pure.

#include <posthaste/measured_keys.h>
#include <posthaste/span_kind.h>

#include <cstdint>

namespace posthaste::produce {

/// measured_keys::of_requests or of_dependencies; none: such a span is not measured.
constexpr std::uint16_t measured_as(SpanKind kind) noexcept {
  switch (kind) {
    case SpanKind::server:
    case SpanKind::consumer: return measured_keys::of_requests;
    case SpanKind::client:
    case SpanKind::producer: return measured_keys::of_dependencies;
    case SpanKind::internal: break;
  }
  return measured_keys::none;
}

}  // namespace posthaste::produce

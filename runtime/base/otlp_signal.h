#pragma once

/// What a record tells: the three signals of OpenTelemetry, each with a request of its own in OTLP.
/// A value; any thread.

#include <cstdint>
#include <string_view>

namespace posthaste {

enum class OtlpSignal : std::uint8_t { traces = 0, metrics = 1, logs = 2 };

constexpr std::string_view to_string(OtlpSignal signal) noexcept {
  switch (signal) {
    case OtlpSignal::traces: return "traces";
    case OtlpSignal::metrics: return "metrics";
    case OtlpSignal::logs: break;
  }
  return "logs";
}

}  // namespace posthaste

#pragma once

/// What a record tells: the three signals of OpenTelemetry, each with a request of its own in OTLP.
/// A value; any thread.

#include <cstdint>
#include <string_view>

namespace posthaste {

enum class Signal : std::uint8_t { traces = 0, metrics = 1, logs = 2 };

constexpr std::string_view to_string(Signal signal) noexcept {
  switch (signal) {
    case Signal::traces: return "traces";
    case Signal::metrics: return "metrics";
    case Signal::logs: break;
  }
  return "logs";
}

}  // namespace posthaste

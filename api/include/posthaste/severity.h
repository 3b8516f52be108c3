#pragma once

/// How serious a log record or a diagnostic is. The numbers are OpenTelemetry's (1 to 24); the
/// names are the first of each of its six ranges.

#include <cstdint>
#include <string_view>

namespace posthaste {

enum class Severity : std::uint8_t {
  trace = 1,
  debug = 5,
  info = 9,
  warn = 13,
  error = 17,
  fatal = 21,
};

/// The name of the range that the number lies in; "unspecified" outside 1 to 24.
constexpr std::string_view to_string(Severity severity) noexcept {
  const auto number = static_cast<std::uint8_t>(severity);
  if (number == 0 || number > 24) return "unspecified";
  constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "fatal"};
  return names[(number - 1) / 4];
}

}  // namespace posthaste

#pragma once

/// The variables of OpenTelemetry and of Microsoft's exporters that have no meaning here, and why
/// (unread_variables.def), as data. Whoever sets one is told so once at start, where it matters.
/// Read by finalize() and by tools/settings_doc.cpp. Constant; any thread.

#include <posthaste/diagnostics.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

class Environment;

enum class WhenSet : std::uint8_t { said, silent };

struct UnreadVariables {
  std::string_view names;  // a blank between two; '*' for nothing, TRACES_, METRICS_ and LOGS_
  WhenSet when_set;
  std::string_view why;
  std::string_view mend;  // empty where nothing is amiss
};

std::span<const UnreadVariables> unread_variables() noexcept;
/// One by one.
std::vector<std::string> names_of(const UnreadVariables& row);

/// A warning for each that is set and matters. No message holds a value.
void warn_of_unread_variables(const Environment& environment, std::vector<Diagnostic>& warnings);

}  // namespace posthaste::config

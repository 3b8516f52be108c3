#pragma once

/// Settings of a Telemetry that keeps what it is given in memory, and says nothing.

#include <posthaste/settings.h>
#include <posthaste/testing.h>

namespace posthaste {

inline Settings settings_for(const testing::InMemoryOutput& memory) {
  Settings settings;
  settings.service_name = "test";
  settings.outputs = {memory.output()};
  settings.diagnostics = [](const Diagnostic&) {};
  return settings;
}

}  // namespace posthaste

#pragma once

/// Which diagnostics are shown, and where. Part of finalize(); see final_settings.h.

#include "runtime/config/setting_resolver.h"

#include <posthaste/settings.h>
#include <posthaste/severity.h>
#include <posthaste/units.h>

#include <string>

namespace posthaste::config {

/// Above every severity.
inline constexpr Severity no_diagnostics{25};

struct FinalDiagnostics {
  Severity level = Severity::info;  // those below it are not shown; no_diagnostics: none is
  std::string log_file = {};        // absolute; empty: none
  Bytes log_size{};                 // of it, and of the one before
};

FinalDiagnostics read_diagnostics(const Settings& settings, SettingResolver& resolver);

}  // namespace posthaste::config

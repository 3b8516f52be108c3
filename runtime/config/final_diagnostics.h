#pragma once

/// Which diagnostics are shown, and where. Part of finalize(); see final_settings.h.

#include "runtime/config/setting_resolver.h"

#include <posthaste/settings.h>
#include <posthaste/severity.h>

namespace posthaste::config {

/// Above every severity.
inline constexpr Severity no_diagnostics{25};

struct FinalDiagnostics {
  Severity level = Severity::info;  // those below it are not shown; no_diagnostics: none is
};

FinalDiagnostics read_diagnostics(const Settings& settings, SettingResolver& resolver);

}  // namespace posthaste::config

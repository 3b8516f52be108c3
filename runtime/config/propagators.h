#pragma once

/// Which headers carry a Context: what the settings chose, and OTEL_PROPAGATORS. Used when telemetry
/// starts, on one thread.

#include "runtime/config/setting_resolver.h"

#include <posthaste/propagators.h>

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::config {

struct PropagatorChoice {
  Propagators propagators = {};
  std::string unknown = {};  // names that were left out, ", " between them
  bool any_known = true;
};

/// `names` as OTEL_PROPAGATORS has them, in any case. `none` counts only alone; where no name is
/// known, the default.
PropagatorChoice choose_propagators(std::string_view names);

/// In the environment's form: "tracecontext,baggage", "none".
std::string text_of(Propagators propagators);

/// Code over environment over file over default. Remembers the setting, and warns once of names that
/// are not known.
Propagators read_propagators(std::optional<Propagators> code, const Environment& environment,
                             SettingResolver& resolver);

}  // namespace posthaste::config

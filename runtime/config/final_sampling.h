#pragma once

/// The settings of sampling, complete and checked. Part of finalize(); see final_settings.h.

#include "runtime/config/environment.h"
#include "runtime/config/sampling.h"
#include "runtime/config/setting_resolver.h"

#include <posthaste/settings.h>

namespace posthaste::config {

/// What is wrong goes to the resolver.
FinalSampling read_sampling(const Settings& settings, const Environment& environment,
                            SettingResolver& resolver);

}  // namespace posthaste::config

#pragma once

/// Where the names of the resource (service, instance, detectors) came from, so that `posthaste
/// settings` can tell. Part of finalize(); see final_settings.h.

#include "runtime/config/environment.h"
#include "runtime/config/resource.h"
#include "runtime/config/setting_resolver.h"

#include <posthaste/settings.h>

namespace posthaste::config {

/// `resource` is as make_resource() made it from the same settings and environment.
void remember_names(const Settings& settings, const Environment& environment,
                    const Resource& resource, SettingResolver& resolver);

}  // namespace posthaste::config

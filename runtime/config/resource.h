#pragma once

/// What the telemetry comes from: the attributes of the process, merged from code, environment and
/// machine, and the cloud role made of them. Pure; any thread; made once at start.

#include "runtime/config/detectors.h"
#include "runtime/config/environment.h"
#include "runtime/config/host_facts.h"

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>
#include <posthaste/settings.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

struct Resource {
  static constexpr std::size_t max_attributes = 128;
  static constexpr std::size_t max_bytes =
      16 * 1024;  // keys and values; it is kept in the arena too

  ResourceAttributes attributes;    // valid UTF-8
  bool asks_azure_vm = false;       // for more of them, after start; see docs/resource.md
  std::string cloud_role;           // "[namespace.]name"
  std::string cloud_role_instance;  // service.instance.id, else the host's name; may be empty

  /// The value, or empty where there is none.
  std::string_view get(std::string_view key) const;
};

/// OTEL_RESOURCE_ATTRIBUTES: "key=value,key=value", blanks allowed around both, keys and values
/// percent-decoded. As OpenTelemetry has it, one mistake discards the whole.
Result<ResourceAttributes> parse_resource_attributes(std::string_view text);

/// Later wins: Posthaste itself, the detectors that `resource_detectors` chooses, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME,
/// Settings::resource_attributes, the named fields of Settings. A mistake in code is an error, one
/// in the environment a warning. service.name is there in any case.
Result<Resource> make_resource(const Settings& settings, const Environment& environment,
                               const HostFacts& host, std::vector<Diagnostic>& warnings);

}  // namespace posthaste::config

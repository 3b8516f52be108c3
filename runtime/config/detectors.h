#pragma once

/// Finds out where the process runs: each detector is a function of the environment and of what the
/// machine says (files of /proc and /etc, through HostFacts) to resource attributes. docs/resource.md
/// lists what each of them finds.
///
/// Threads: any; run once, at start. Blocking: reads small files of /proc and /etc.
/// Errors: none: what is missing, or makes no sense, is left out.

#include "runtime/config/environment.h"
#include "runtime/config/host_facts.h"

#include <posthaste/diagnostics.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

using ResourceAttributes = std::map<std::string, std::string, std::less<>>;

struct Detector {
  std::string_view name;  // in OTEL_RESOURCE_DETECTORS
  ResourceAttributes (*detect)(const Environment&, const HostFacts&);
};

/// In their order: what a later one finds goes over what an earlier one found.
std::span<const Detector> detectors() noexcept;

/// The environment variables that they read.
std::span<const std::string_view> detector_variables() noexcept;

/// Asks a service, and so is none of `detectors()`, nor of `all`: whoever runs the pipeline asks.
inline constexpr std::string_view azure_vm_detector = "azure_vm";
bool chooses_azure_vm(std::span<const std::string_view> names) noexcept;

/// What all those together find that `names` chooses: names of detectors, `all`, `none`; `env` is
/// taken for OTEL_RESOURCE_ATTRIBUTES and is nobody's here. An unknown name is a warning.
ResourceAttributes detect(std::span<const std::string_view> names, const Environment& environment,
                          const HostFacts& host, std::vector<Diagnostic>& warnings);

}  // namespace posthaste::config

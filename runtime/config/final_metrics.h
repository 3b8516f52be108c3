#pragma once

/// The settings of metrics, complete and checked. Part of finalize(); see final_settings.h.

#include "runtime/config/environment.h"
#include "runtime/config/setting_resolver.h"

#include <posthaste/settings.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace posthaste::config {

struct FinalMetrics {
  std::chrono::milliseconds interval;
  std::chrono::milliseconds timeout;  // <= interval
  std::uint32_t cardinality_limit;
  Bytes memory;
  ExemplarFilter exemplars;
  std::vector<MetricView> views;
  bool standard_metrics;      // false also where no output is AzureMonitor
  bool performance_counters;  // false also where no output is AzureMonitor
  bool process_metrics;
  bool self_metrics;
};

/// What is wrong goes to the resolver.
FinalMetrics read_metrics(const MetricSettings& given, const Environment& environment,
                          SettingResolver& resolver);

}  // namespace posthaste::config

#include "api/built_in_meters.h"

#include "actors/performance_counters.h"
#include "actors/process_metrics.h"
#include "runtime/arena/scopes.h"

#include <cstdint>
#include <memory>

namespace posthaste {
namespace {

/// Of the outputs to Azure Monitor; 0 when these are all.
std::uint16_t azure_monitor_outputs(const config::FinalSettings& settings) noexcept {
  std::uint16_t chosen = 0;
  const auto& outputs = settings.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].kind == config::OutputKind::azure_monitor) {
      chosen = static_cast<std::uint16_t>(chosen | 1u << i);
    }
  }
  return chosen == (1u << outputs.size()) - 1 ? 0 : chosen;
}

metrics::MeterState& meter_of(metrics::MetricStore& store, const arena::Arena& arena,
                              const char* name) {
  bool made = false;
  return store.meter(name, arena::ScopeTable(arena).intern({name, {}, {}}), made);
}

}  // namespace

void make_built_in_meters(const config::FinalSettings& settings, const arena::Arena& arena,
                          metrics::MetricStore& store, DiagnosticsSink& diagnostics) {
  if (settings.metrics().performance_counters) {
    using actors::PerformanceCounters;
    metrics::MeterState& meter = meter_of(store, arena, PerformanceCounters::meter_name);
    meter.restrict_to(azure_monitor_outputs(settings));
    meter.add_source(
        std::make_unique<PerformanceCounters>(meter, host::ProcessReader(), diagnostics));
  }
  if (settings.metrics().process_metrics) {
    using actors::ProcessMetrics;
    metrics::MeterState& meter = meter_of(store, arena, ProcessMetrics::meter_name);
    const auto ticks = host::MachineCalls::of_process().ticks_per_second;
    meter.add_source(std::make_unique<ProcessMetrics>(meter, host::ProcessReader(),
                                                      host::CgroupReader({}, ticks), diagnostics));
  }
}

}  // namespace posthaste

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

constexpr std::uint64_t counters_memory = 1024 * 1024;  // bytes, of nine series

std::uint16_t scope_of(const arena::Arena& arena, const char* name) {
  return arena::ScopeTable(arena).intern({name, {}, {}});
}

/// It measures until the end, as it has to tell of the last requests too.
actors::RequestCounters* make_performance_counters(const config::FinalSettings& settings,
                                                   const arena::Arena& arena,
                                                   metrics::MetricStore& store,
                                                   DiagnosticsSink& diagnostics) {
  using actors::PerformanceCounters;
  metrics::MeterState& meter = store.own_meter(
      PerformanceCounters::meter_name, scope_of(arena, PerformanceCounters::meter_name),
      {.memory = counters_memory, .outputs = azure_monitor_outputs(settings)});
  meter.add_source(
      std::make_unique<PerformanceCounters>(meter, host::ProcessReader(), diagnostics));
  auto requests = std::make_unique<actors::RequestCounters>(meter);
  actors::RequestCounters* const filled = requests.get();
  meter.add_source(std::move(requests));
  return filled;
}

}  // namespace

BuiltInMeters make_built_in_meters(const config::FinalSettings& settings, const arena::Arena& arena,
                                   metrics::MetricStore& store, DiagnosticsSink& diagnostics) {
  BuiltInMeters made;
  if (settings.metrics().performance_counters) {
    made.request_counters = make_performance_counters(settings, arena, store, diagnostics);
  }
  if (settings.metrics().process_metrics) {
    using actors::ProcessMetrics;
    bool is_new = false;
    metrics::MeterState& meter = store.meter(ProcessMetrics::meter_name,
                                             scope_of(arena, ProcessMetrics::meter_name), is_new);
    const auto ticks = host::MachineCalls::of_process().ticks_per_second;
    meter.add_source(std::make_unique<ProcessMetrics>(meter, host::ProcessReader(),
                                                      host::CgroupReader({}, ticks), diagnostics));
  }
  return made;
}

}  // namespace posthaste

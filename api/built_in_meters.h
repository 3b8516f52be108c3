#pragma once

/// The meters that Posthaste fills itself: performance counters and process metrics, as the settings
/// ask for them. Called by Telemetry on the thread that starts it, before the actors are; reads a
/// few files of /proc (process metrics alone). Their aggregators do the rest.
///
/// May throw std::bad_alloc.

#include "actors/request_counters.h"
#include "runtime/arena/arena.h"
#include "runtime/base/diagnostics_sink.h"
#include "runtime/config/final_settings.h"
#include "runtime/metrics/metric_store.h"

namespace posthaste {

/// What the pipeline fills of them; the store keeps it.
struct BuiltInMeters {
  actors::RequestCounters* request_counters = nullptr;  // null: the settings do not ask for them
};

/// `diagnostics` outlives the store's use.
BuiltInMeters make_built_in_meters(const config::FinalSettings& settings, const arena::Arena& arena,
                                   metrics::MetricStore& store, DiagnosticsSink& diagnostics);

}  // namespace posthaste

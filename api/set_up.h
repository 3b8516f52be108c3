#pragma once

/// What the settings say to the parts of a Telemetry that record: its producer and its metric store.
/// Pure; where a Telemetry starts.

#include "api/flight_recorder.h"
#include "runtime/config/final_settings.h"
#include "runtime/metrics/metric_store.h"
#include "runtime/produce/producer.h"

namespace posthaste {

produce::ProducerSetup producer_setup(const config::FinalSettings& settings,
                                      const FlightRecorder& recorder);
metrics::MetricStoreSetup metric_setup(const config::FinalSettings& settings);

}  // namespace posthaste

#pragma once

/// The arena of a Telemetry, made from its settings: memory, identity, clock, resource.
///
/// Threads: one. Blocking: some milliseconds, for the first pages and the clock.

#include "runtime/arena/region.h"
#include "runtime/config/final_settings.h"

#include <memory>

namespace posthaste {

struct FlightRecorder {
  std::unique_ptr<arena::Region> region;
  arena::Arena arena;
};

Result<FlightRecorder> make_flight_recorder(const config::FinalSettings& settings);

}  // namespace posthaste

#pragma once

/// The actor around a Part: steps it on kicks and ticks, and dies when it throws. All shells are
/// this one; what differs is the part that `make` makes.
///
/// Included by the sources that know CAF, and by no others.

#include "actors/deliveries.h"
#include "actors/part.h"
#include "runtime/base/diagnostics_sink.h"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace posthaste::actors {

struct PartSpec {
  std::string name;  // for diagnostics: "sampler", "batcher of azure_monitor"
  /// Runs in the actor, at its first step, so that what it throws counts as the part's death.
  /// `deliveries` is for transmitters.
  std::function<std::unique_ptr<Part>(Deliveries& deliveries)> make;
  /// Null but for transmitters: starts their deliveries.
  std::function<std::unique_ptr<Deliveries>(caf::event_based_actor* self)> crew;
  const Clock* clock = nullptr;
  DiagnosticsSink* diagnostics = nullptr;
};

struct PartShellState {
  const char* name = "part";
  std::shared_ptr<const PartSpec> spec;
  std::unique_ptr<Deliveries> crew;
  std::unique_ptr<Part> part;  // before the crew in dying
  std::uint64_t timer = 0;     // generation of the tick that counts
  SteadyTime armed = only_when_kicked;
};

caf::behavior run_part(caf::stateful_actor<PartShellState>* self,
                       std::shared_ptr<const PartSpec> spec);

/// The handlers that every actor has: what is not understood is dropped, errors do not kill, an
/// exception kills and is told to the diagnostics; nothing is printed.
void set_house_handlers(caf::scheduled_actor* self, const std::string& name,
                        DiagnosticsSink& diagnostics);

}  // namespace posthaste::actors

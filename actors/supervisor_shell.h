#pragma once

/// The supervisor's actor: starts the parts, watches them, and starts each anew that dies, as long
/// as Supervisor allows it. One that is made after another died finds the living in the roster.
///
/// Included by the sources that know CAF, and by no others.

#include "actors/durable.h"
#include "actors/restart_limit.h"
#include "actors/roster.h"
#include "actors/supervisor.h"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <memory>

namespace posthaste::actors {

struct SupervisorState {
  const char* name = "supervisor";
  std::shared_ptr<Durable> durable;
  std::shared_ptr<Roster> roster;
  std::unique_ptr<Supervisor> supervisor;
  std::uint64_t timer = 0;
  bool ticking = false;
  std::uint32_t meters = 0;  // that have an aggregator
};

caf::behavior run_supervisor(caf::stateful_actor<SupervisorState>* self,
                             std::shared_ptr<Durable> durable, std::shared_ptr<Roster> roster,
                             RestartRule rule);

}  // namespace posthaste::actors

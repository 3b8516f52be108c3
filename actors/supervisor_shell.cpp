#include "actors/supervisor_shell.h"

#include "actors/aggregator.h"
#include "actors/batcher.h"
#include "actors/delivery_shell.h"
#include "actors/local_output.h"
#include "actors/part_shell.h"
#include "actors/sampler.h"
#include "actors/storekeeper.h"
#include "actors/transmitter.h"

#include <pthread.h>

#include <stdexcept>

namespace posthaste::actors {
namespace {

using Shell = caf::stateful_actor<SupervisorState>;

std::string name_of(const Durable& durable, Roster::Place place) {
  const auto of_output = [&](const char* role) {
    return role + (" of " + durable.outputs[place.second]->name);
  };
  switch (place.first) {
    case Role::supervisor: break;
    case Role::sampler: return "the sampler";
    case Role::storekeeper: return "the storekeeper";
    case Role::batcher: return of_output("the batcher");
    case Role::transmitter: return of_output("the transmitter");
    case Role::local_output: return of_output("the delivery");
    case Role::aggregator:
      return "the aggregator of " + durable.metrics->meter_at(place.second).name();
  }
  return "the supervisor";
}

std::unique_ptr<Part> make_part(Durable& durable, Roster::Place place, Deliveries& deliveries) {
  switch (place.first) {
    case Role::supervisor: break;
    case Role::sampler: return std::make_unique<Sampler>(durable);
    case Role::storekeeper:
      pthread_setname_np(pthread_self(), "posthaste.store");
      return std::make_unique<Storekeeper>(durable);
    case Role::batcher: return std::make_unique<Batcher>(durable, place.second);
    case Role::transmitter: return std::make_unique<Transmitter>(durable, place.second, deliveries);
    case Role::local_output: return std::make_unique<LocalOutput>(durable, place.second);
    case Role::aggregator: return std::make_unique<Aggregator>(durable, place.second);
  }
  throw std::logic_error("no such part");
}

std::shared_ptr<const PartSpec> spec_of(const std::shared_ptr<Durable>& durable,
                                        Roster::Place place) {
  auto spec = std::make_shared<PartSpec>();
  spec->name = name_of(*durable, place);
  spec->make = [durable, place](Deliveries& deliveries) {
    return make_part(*durable, place, deliveries);
  };
  if (place.first == Role::transmitter) {
    spec->crew = [durable, place](caf::event_based_actor* self) -> std::unique_ptr<Deliveries> {
      return std::make_unique<DeliveryCrew>(self, durable, place.second);
    };
  }
  spec->clock = durable->clock;
  spec->diagnostics = durable->diagnostics;
  return spec;
}

void start(Shell* self, Roster::Place place) {
  auto spec = spec_of(self->state.durable, place);
  // Only the storekeeper may block: it has a thread of its own.
  caf::actor actor = place.first == Role::storekeeper
                         ? self->spawn<caf::monitored + caf::detached>(run_part, std::move(spec))
                         : self->spawn<caf::monitored>(run_part, std::move(spec));
  self->state.roster->enter(place, actor);
  // Whoever kicked it between its first step and its entry found nobody: it looks once more.
  self->send(actor, Kick{});
}

void start_or_watch(Shell* self, Roster::Place place) {
  if (const caf::actor alive = self->state.roster->at(place)) {
    self->monitor(alive);  // of an actor that is dead meanwhile the end is told at once
  } else {
    start(self, place);
  }
}

/// Consumers before producers, so that the first kicks find somebody.
std::vector<Roster::Place> places_of(const Durable& durable) {
  std::vector<Roster::Place> places{{Role::storekeeper, 0}};
  for (const auto& output : durable.outputs) {
    if (output->remote) {
      places.emplace_back(Role::transmitter, output->number);
      places.emplace_back(Role::batcher, output->number);
    } else {
      places.emplace_back(Role::local_output, output->number);
    }
  }
  places.emplace_back(Role::sampler, 0u);
  return places;
}

/// Meters come while everything runs.
void start_or_watch_aggregators(Shell* self) {
  const Durable& durable = *self->state.durable;
  const std::size_t meters = durable.metrics == nullptr ? 0 : durable.metrics->meter_count();
  for (std::uint32_t& known = self->state.meters; known < meters; ++known) {
    start_or_watch(self, {Role::aggregator, known});
  }
}

void on_down(Shell* self, const caf::actor_addr& who) {
  SupervisorState& state = self->state;
  const auto place = state.roster->place_of(who);
  if (!place || state.durable->mode.load(std::memory_order_acquire) == Mode::ended) return;
  const SteadyTime now = state.durable->clock->steady();
  if (state.supervisor->may_restart(place->first, place->second, name_of(*state.durable, *place),
                                    now)) {
    start(self, *place);
    state.durable->restarts.fetch_add(1, std::memory_order_relaxed);  // once it can be found
  }
  self->send(self, Kick{});
}

void step(Shell* self) {
  SupervisorState& state = self->state;
  if (state.durable->mode.load(std::memory_order_acquire) == Mode::running) {
    start_or_watch_aggregators(self);
  }
  const SteadyTime now = state.durable->clock->steady();
  const SteadyTime next = state.supervisor->step(now);
  if (next == only_when_kicked || state.ticking) return;
  state.ticking = true;
  self->delayed_send(self, next - now, Tick{++state.timer});
}

}  // namespace

caf::behavior run_supervisor(Shell* self, std::shared_ptr<Durable> durable,
                             std::shared_ptr<Roster> roster, RestartRule rule) {
  set_house_handlers(self, "the supervisor", *durable->diagnostics);
  self->state.durable = std::move(durable);
  self->state.roster = std::move(roster);
  self->state.supervisor = std::make_unique<Supervisor>(*self->state.durable, rule);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down.source); });
  for (const Roster::Place& place : places_of(*self->state.durable)) start_or_watch(self, place);
  self->send(self, Kick{});
  return {
      [self](Kick) { step(self); },
      [self](const Tick&) {
        self->state.ticking = false;
        step(self);
      },
      [](Crash) { throw std::runtime_error("killed by a drill"); },
  };
}

}  // namespace posthaste::actors

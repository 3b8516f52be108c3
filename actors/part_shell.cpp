#include "actors/part_shell.h"

#include "actors/messages.h"

#include <caf/send.hpp>

#include <algorithm>
#include <stdexcept>

namespace posthaste::actors {
namespace {

using Shell = caf::stateful_actor<PartShellState>;

constexpr std::chrono::milliseconds least_tick{10};
constexpr std::chrono::hours longest_tick{1};

/// For parts that send nothing.
class NoDeliveries final : public Deliveries {
public:
  void begin(Consignment) override {}
};

void arm(Shell* self, SteadyTime wanted, SteadyTime now) {
  PartShellState& state = self->state;
  if (wanted == only_when_kicked || (state.armed <= wanted && state.armed > now)) return;
  const auto delay = std::clamp<SteadyTime::duration>(wanted - now, least_tick, longest_tick);
  state.armed = now + delay;
  self->delayed_send(self, delay, Tick{++state.timer});
}

void step(Shell* self) {
  PartShellState& state = self->state;
  if (!state.part) {
    state.crew = state.spec->crew ? state.spec->crew(self) : std::make_unique<NoDeliveries>();
    state.part = state.spec->make(*state.crew);
  }
  const SteadyTime now = state.spec->clock->steady();
  const SteadyTime wanted = state.part->step(now);
  if (wanted <= now) {
    self->send(self, Kick{});
  } else {
    arm(self, wanted, now);
  }
}

std::string what(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

}  // namespace

void set_house_handlers(caf::scheduled_actor* self, const std::string& name,
                        DiagnosticsSink& diagnostics) {
  self->set_default_handler(caf::drop);
  self->set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  self->set_exception_handler(
      [name, &diagnostics](caf::scheduled_actor*, std::exception_ptr& exception) -> caf::error {
        diagnostics.report(Severity::error, DiagnosticCode::part_restarted,
                           name + " failed: " + what(exception));
        return caf::make_error(caf::exit_reason::unhandled_exception);
      });
}

caf::behavior run_part(Shell* self, std::shared_ptr<const PartSpec> spec) {
  set_house_handlers(self, spec->name, *spec->diagnostics);
  self->state.spec = std::move(spec);
  self->set_down_handler([self](caf::down_msg&) { self->send(self, Kick{}); });
  self->send(self, Kick{});
  return {
      [self](Kick) { step(self); },
      [self](const Tick& tick) {
        if (tick.generation != self->state.timer) return;
        self->state.armed = only_when_kicked;
        step(self);
      },
      [](Crash) { throw std::runtime_error("killed by a drill"); },
  };
}

}  // namespace posthaste::actors

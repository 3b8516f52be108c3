#include "actors/delivery_shell.h"

#include "actors/messages.h"
#include "actors/part_shell.h"

#include <caf/send.hpp>

namespace posthaste::actors {
namespace {

struct DeliveryState {
  const char* name = "delivery";
  std::shared_ptr<Durable> durable;
  std::uint32_t output = 0;
  Consignment consignment;
  Ticket ticket = 0;
};
using Shell = caf::stateful_actor<DeliveryState>;

/// The verdict as the actor's last word.
caf::error reason_of(Verdict verdict) {
  return {static_cast<std::uint8_t>(1 + static_cast<int>(verdict)), caf::atom("delivery")};
}

void post(Shell* self) {
  DeliveryState& state = self->state;
  // The request holds the only handle: without one an actor ends at once. To a dead one the message
  // is nothing, and the transmitter looks by itself.
  auto told = [delivery = caf::actor_cast<caf::actor>(self)] {
    caf::anon_send(delivery, Answered{});
  };
  state.durable->endpoints[state.output]->post(std::move(state.consignment), std::move(told));
}

void judge_answer(Shell* self) {
  const DeliveryState& state = self->state;
  Answers& answers = state.durable->outputs[state.output]->answers;
  const auto answer = answers.find(state.ticket);
  if (!answer) {
    self->quit();
    return;
  }
  Judgement judgement = state.durable->endpoints[state.output]->meaning_of(
      *answer->outcome, answer->items, state.durable->clock->wall());
  const Verdict verdict = judgement.verdict;
  answers.judged(state.ticket, std::move(judgement));
  self->quit(reason_of(verdict));
}

caf::behavior run_delivery(Shell* self, std::shared_ptr<Durable> durable, std::uint32_t output,
                           std::shared_ptr<Consignment> consignment) {
  set_house_handlers(self, "a delivery of " + durable->outputs[output]->name,
                     *durable->diagnostics);
  self->state.durable = std::move(durable);
  self->state.output = output;
  self->state.ticket = consignment->ticket;
  self->state.consignment = std::move(*consignment);
  self->send(self, Kick{});
  return {
      [self](Kick) { post(self); },
      [self](Answered) { judge_answer(self); },
  };
}

}  // namespace

DeliveryCrew::DeliveryCrew(caf::event_based_actor* self, std::shared_ptr<Durable> durable,
                           std::uint32_t output)
    : self_(self), durable_(std::move(durable)), output_(output) {}

void DeliveryCrew::begin(Consignment consignment) {
  auto shared = std::make_shared<Consignment>(std::move(consignment));
  self_->spawn<caf::monitored>(run_delivery, durable_, output_, std::move(shared));
}

}  // namespace posthaste::actors

#pragma once

/// A delivery: the actor of one request. It posts the body, judges the answer, and ends with the
/// verdict as its reason; its transmitter hears of the end and acts on what was judged. If it dies
/// instead, the answer still comes to the output's Answers, and the transmitter judges it.
///
/// Included by the sources that know CAF, and by no others.

#include "actors/deliveries.h"
#include "actors/durable.h"

#include <caf/event_based_actor.hpp>

#include <memory>

namespace posthaste::actors {

/// Starts deliveries for the transmitter `self`, monitored by it.
class DeliveryCrew final : public Deliveries {
public:
  DeliveryCrew(caf::event_based_actor* self, std::shared_ptr<Durable> durable,
               std::uint32_t output);
  void begin(Consignment consignment) override;

private:
  caf::event_based_actor* self_;
  std::shared_ptr<Durable> durable_;
  std::uint32_t output_;
};

}  // namespace posthaste::actors

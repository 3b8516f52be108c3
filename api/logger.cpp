#include "runtime/produce/producer.h"

#include <posthaste/logger.h>

namespace posthaste {

using produce::Producer;

bool Logger::is_enabled(Severity severity) const noexcept {
  Producer* const producer = Producer::at(runtime_);
  if (producer == nullptr || (producer->ingress().flags() & Ingress::open) == 0) return false;
  const produce::LoggerState* const state = producer->loggers().at(number_);
  return state != nullptr && severity >= state->minimum_severity;
}

void Logger::emit(Severity severity, AttributeValue body,
                  const LogOptions& options) const noexcept {
  if (Producer* const producer = Producer::at(runtime_)) {
    producer->emit(number_, severity, body, options);
  }
}

}  // namespace posthaste

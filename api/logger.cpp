#include "api/recorded_exception.h"
#include "runtime/produce/log_draft.h"
#include "runtime/produce/producer.h"

#include <posthaste/logger.h>

#include <vector>

namespace posthaste {

using produce::Producer;

namespace {

template <class Exception>
void emit_exception(const Logger& logger, std::uint16_t runtime, Severity severity,
                    const Exception& exception, std::string_view body, LogOptions options,
                    const void* caller) noexcept {
  try {
    RecordedException recorded(exception, stack_for(runtime, options.attributes, caller));
    const std::vector<Attribute> all = recorded.attributes(options.attributes, false);
    options.attributes = Attributes(std::span<const Attribute>(all));
    logger.emit(severity, body.empty() ? std::string_view(recorded.message()) : body, options);
  } catch (...) {
    options.attributes = {{"exception.type", "unknown"},
                          {"exception.message", "there was no memory to record it"}};
    logger.emit(severity, body, options);
  }
}

}  // namespace

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

void Logger::emit_text(Severity severity, std::string_view body,
                       Attributes attributes) const noexcept {
  Producer::emit_text({runtime_, number_}, severity, body, attributes);
}

void Logger::record_exception(Severity severity, const std::exception& exception,
                              std::string_view body, const LogOptions& options) const noexcept {
  if (!is_enabled(severity)) return;
  emit_exception(*this, runtime_, severity, exception, body, options, __builtin_return_address(0));
}

void Logger::record_exception(Severity severity, const std::exception_ptr& exception,
                              std::string_view body, const LogOptions& options) const noexcept {
  if (exception == nullptr || !is_enabled(severity)) return;
  emit_exception(*this, runtime_, severity, exception, body, options, __builtin_return_address(0));
}

Severity EmittedLog::severity() const noexcept {
  return draft_.severity;
}

const AttributeValue& EmittedLog::body() const noexcept {
  return draft_.body;
}

std::string_view EmittedLog::event_name() const noexcept {
  return draft_.event_name;
}

const AttributeValue* EmittedLog::attribute(std::string_view key) const noexcept {
  return draft_.find(key);
}

Attributes EmittedLog::attributes() const noexcept {
  return std::span<const Attribute>(draft_.attributes);
}

EmittedLog& EmittedLog::set_severity(Severity severity) noexcept {
  draft_.severity = severity;
  return *this;
}

EmittedLog& EmittedLog::set_body(AttributeValue body) noexcept {
  draft_.set_body(body);
  return *this;
}

EmittedLog& EmittedLog::set_attribute(std::string_view key, AttributeValue value) noexcept {
  draft_.set(key, value);
  return *this;
}

void EmittedLog::drop() noexcept {
  draft_.dropped = true;
}

}  // namespace posthaste

#pragma once

/// Log records, joined to the span that is current where they are written.
///
///   logger.emit(Severity::warn, "stock low", {{"item", "apple"}});
///
/// Threads:  any, at once.
/// Blocking: never; no lock, no allocation, no system call.
/// Errors:   none: what cannot be taken is counted by reason (RefusalReason).
/// Limits:   a record holds at most 64 KiB; 128 attributes unless the settings say otherwise.
/// Specification: OpenTelemetry Logs API 1.x.

#include <posthaste/attributes.h>
#include <posthaste/context.h>
#include <posthaste/export.h>
#include <posthaste/severity.h>
#include <posthaste/span.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

namespace posthaste {

/// Of one record, best written in the call: it borrows as SpanOptions does.
struct LogOptions {
  Attributes attributes = {};
  /// When it happened. Unset: now.
  std::optional<TimePoint> time = {};
  /// Null: the current span of this thread.
  const Context* context = nullptr;
  /// The name of the kind of event, if this record is one.
  std::string_view event_name = {};
  /// The source's own word for the severity, if it has one.
  std::string_view severity_text = {};
};

namespace produce {
class LogDraft;
}

/// A log record before it is taken, for a LogProcessor: may still be changed, or dropped.
class POSTHASTE_API EmittedLog {
public:
  Severity severity() const noexcept;
  const AttributeValue& body() const noexcept;
  std::string_view event_name() const noexcept;
  /// Null if it was not set. Valid until the record is changed.
  const AttributeValue* attribute(std::string_view key) const noexcept;
  Attributes attributes() const noexcept;

  EmittedLog& set_severity(Severity severity) noexcept;
  /// Values are copied; a key that was set before keeps the last value.
  EmittedLog& set_body(AttributeValue body) noexcept;
  EmittedLog& set_attribute(std::string_view key, AttributeValue value) noexcept;
  /// The record is not taken; counted as refused: filtered.
  void drop() noexcept;

private:
  friend struct SpanAccess;
  explicit EmittedLog(produce::LogDraft& draft) noexcept : draft_(draft) {}

  produce::LogDraft& draft_;
};

/// Made by Telemetry::logger(). A small value; copies are equal and share their rate limit.
class POSTHASTE_API Logger {
public:
  /// Writes nothing.
  Logger() noexcept = default;

  /// Whether a record of this severity would be taken; use it to spare work.
  [[nodiscard]] bool is_enabled(Severity severity) const noexcept;

  void emit(Severity severity, AttributeValue body, const LogOptions& options) const noexcept;
  void emit(Severity severity, AttributeValue body, Attributes attributes = {}) const noexcept {
    if (body.type() == AttributeType::string) return emit_text(severity, body.string(), attributes);
    emit(severity, body, LogOptions{.attributes = attributes});
  }

  /// A record of an exception: its type, message, causes and calls, as Span::record_exception tells
  /// them, become an exception in Application Insights. Allocates. `body` says what it meant; none:
  /// the exception's message.
  void record_exception(Severity severity, const std::exception& exception,
                        std::string_view body = {}, const LogOptions& options = {}) const noexcept;
  /// Likewise; anything may have been thrown. Null does nothing.
  void record_exception(Severity severity, const std::exception_ptr& exception,
                        std::string_view body = {}, const LogOptions& options = {}) const noexcept;

  void trace(std::string_view body, Attributes attributes = {}) const noexcept {
    emit_text(Severity::trace, body, attributes);
  }
  void debug(std::string_view body, Attributes attributes = {}) const noexcept {
    emit_text(Severity::debug, body, attributes);
  }
  void info(std::string_view body, Attributes attributes = {}) const noexcept {
    emit_text(Severity::info, body, attributes);
  }
  void warn(std::string_view body, Attributes attributes = {}) const noexcept {
    emit_text(Severity::warn, body, attributes);
  }
  void error(std::string_view body, Attributes attributes = {}) const noexcept {
    emit_text(Severity::error, body, attributes);
  }
  void fatal(std::string_view body, Attributes attributes = {}) const noexcept {
    emit_text(Severity::fatal, body, attributes);
  }

private:
  friend struct SpanAccess;
  Logger(std::uint16_t runtime, std::uint16_t number) noexcept
      : runtime_(runtime), number_(number) {}

  /// What most records are, in six registers.
  void emit_text(Severity severity, std::string_view body, Attributes attributes) const noexcept;

  std::uint16_t runtime_ = 0;  // 0: none
  std::uint16_t number_ = 0;   // of the logger in its runtime
};

}  // namespace posthaste

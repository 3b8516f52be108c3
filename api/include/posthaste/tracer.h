#pragma once

/// Starts spans on behalf of one part of a program (its instrumentation scope).

#include <posthaste/span.h>

#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

namespace posthaste {

/// Made by Telemetry::tracer(). A small value; copies are equal. One that outlives its Telemetry
/// starts spans that record nothing.
///
/// Threads:  any, at once.
/// Blocking: never; no lock, no allocation, no system call.
/// Errors:   none: a span that cannot be taken is counted by reason (RefusalReason), and records
///           nothing.
/// Specification: OpenTelemetry Trace API 1.x.
class POSTHASTE_API Tracer {
public:
  /// Starts spans that record nothing.
  Tracer() noexcept = default;

  /// The new span is a child of `options.parent`, or of the thread's current span. It is not made
  /// current: a Scope does that. The name and what the options refer to are copied.
  [[nodiscard, gnu::always_inline]] Span start_span(
      std::string_view name, const SpanOptions& options = {}) const noexcept {
    const bool is_plain = options.parent == nullptr && options.attributes.empty() &&
                          options.links.empty() && !options.start_time;
    return Span(is_plain ? start_plain(name, options.kind, options.record_unwinding)
                         : start(name, options));
  }

  /// Runs `work(span)` inside a span that is current meanwhile. An exception that leaves `work` is
  /// recorded with its type and message, and goes on.
  template <class Work>
  auto in_span(std::string_view name, const SpanOptions& options, Work&& work) const
      -> decltype(work(std::declval<Span&>())) {
    SpanOptions quiet = options;
    quiet.record_unwinding = false;
    Span span = start_span(name, quiet);
    const Scope scope(span);
#if defined(__cpp_exceptions)
    try {
      return work(span);
    } catch (...) {
      span.record_exception(std::current_exception(), {}, true);
      throw;
    }
#else
    return work(span);
#endif
  }
  template <class Work>
  auto in_span(std::string_view name, Work&& work) const -> decltype(work(std::declval<Span&>())) {
    return in_span(name, SpanOptions{}, static_cast<Work&&>(work));
  }

private:
  friend struct SpanAccess;
  Tracer(std::uint16_t runtime, std::uint16_t scope) noexcept : runtime_(runtime), scope_(scope) {}

  SpanParts start(std::string_view name, const SpanOptions& options) const noexcept;
  /// What most spans are started with, in registers.
  SpanParts start_plain(std::string_view name, SpanKind kind, bool record_unwinding) const noexcept;

  std::uint16_t runtime_ = 0;  // 0: none
  std::uint16_t scope_ = 0;
};

}  // namespace posthaste

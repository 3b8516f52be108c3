#pragma once

/// What the shop records and measures with: the tracer, the logger and the meter of a runtime. In a
/// program of your own, `posthaste::Tracer`, `Logger` and `Meter` alone do; this class adds a list of
/// the ids, against which the receiver can be held.
///
/// Threads: any, at once.

#include "examples/shop/record_ids.h"

#include <posthaste/posthaste.h>

#include <exception>
#include <string_view>

namespace shop {

class Instruments {
public:
  /// `ids` may be null.
  Instruments(const posthaste::Telemetry& telemetry, RecordIds* ids)
      : tracer_(telemetry.tracer("shop")),
        logger_(telemetry.logger("shop")),
        meter_(telemetry.meter("shop")),
        active_requests_(
            meter_.up_down_counter("http.server.active_requests", {.unit = "{request}"})),
        ids_(ids) {}

  const posthaste::Tracer& tracer() const noexcept { return tracer_; }
  const posthaste::Meter& meter() const noexcept { return meter_; }
  const posthaste::UpDownCounter<>& active_requests() const noexcept { return active_requests_; }

  void end(posthaste::Span& span, posthaste::SpanKind kind);
  void exception(posthaste::Span& span, const std::exception_ptr& thrown);
  void log(posthaste::Severity severity, std::string_view text, const posthaste::Context& span,
           posthaste::Attributes attributes = {});

private:
  posthaste::Tracer tracer_;
  posthaste::Logger logger_;
  posthaste::Meter meter_;
  posthaste::UpDownCounter<> active_requests_;
  RecordIds* ids_;
};

}  // namespace shop

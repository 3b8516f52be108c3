#pragma once

/// What the shop records with: the tracer and the logger of a runtime. In a program of your own,
/// `posthaste::Tracer` and `posthaste::Logger` alone do; this class adds a list of the ids, against
/// which the receiver can be held.
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
      : tracer_(telemetry.tracer("shop")), logger_(telemetry.logger("shop")), ids_(ids) {}

  const posthaste::Tracer& tracer() const noexcept { return tracer_; }

  void end(posthaste::Span& span, posthaste::SpanKind kind);
  void exception(posthaste::Span& span, const std::exception_ptr& thrown);
  void log(posthaste::Severity severity, std::string_view text, const posthaste::Context& span,
           posthaste::Attributes attributes = {});

private:
  posthaste::Tracer tracer_;
  posthaste::Logger logger_;
  RecordIds* ids_;
};

}  // namespace shop

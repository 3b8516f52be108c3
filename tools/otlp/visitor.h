#pragma once

/// Who is told what an export request holds, in its order:
///
///   resource  ( scope  ( span | log | point )* )*
///
/// A reader calls it from its own call, on the caller's thread. What was told before a defect was
/// found stays told: whoever must not act on half a request reads it once with a Visitor that does
/// nothing.

#include "tools/otlp/telemetry.h"

#include <string>

namespace posthaste::tools::otlp {

class Visitor {
public:
  Visitor() = default;
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  virtual ~Visitor() = default;

  virtual void resource(Signal, const Resource&) {}
  virtual void scope(const Scope&) {}
  virtual void span(const Span&) {}
  virtual void log(const LogRecord&) {}
  virtual void point(const Metric&, const MetricPoint&) {}
};

/// Where an input stops being an export request, and why.
struct Defect {
  std::size_t offset = 0;  // bytes from the start of the input
  std::string place;       // JSON pointer, or names of protobuf fields; empty: the request itself
  std::string reason;
  /// "byte 12 (/resourceSpans/0): expected an array, found a number"
  std::string to_string() const;
};

}  // namespace posthaste::tools::otlp

#pragma once

/// Writes what it is told as an OTLP protobuf export request of one signal: the way back, so that
/// readers can be tested against each other. Each resource, scope and metric gets a message of its
/// own; what is told of other signals is left out.

#include "tools/otlp/visitor.h"

#include <string>

namespace posthaste::tools::otlp::testing {

class ProtobufRequest final : public Visitor {
public:
  explicit ProtobufRequest(Signal signal) noexcept : signal_(signal) {}

  void resource(Signal signal, const Resource& resource) override;
  void scope(const Scope& scope) override;
  void span(const Span& span) override;
  void log(const LogRecord& log) override;
  void point(const Metric& metric, const MetricPoint& point) override;

  /// The request; call it once, at the end.
  std::string finish();

private:
  void close_scope();
  void close_resource();

  Signal signal_;
  bool wanted_ = false;  // the resource at hand is of `signal_`
  bool in_resource_ = false;
  bool in_scope_ = false;
  std::string request_;
  std::string resource_;
  std::string scope_;
};

}  // namespace posthaste::tools::otlp::testing

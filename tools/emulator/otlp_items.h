#pragma once

/// What the emulator keeps of an OTLP request's items, in their order: of each what tells it from
/// others, and, where somebody wants them, its lines in the records.
///
///   OtlpIntake ──► readers of tools/otlp ──► OtlpItems ──► IdSet, OtlpMetrics, Recorder
///
/// Threads: one. Memory: of one request, whose size is bounded; with records about ten times that.

#include "tools/otlp/visitor.h"

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace posthaste::tools {

/// What a point contributes to its metric.
struct OtlpMeasure {
  std::string metric;
  std::uint64_t series = 0;  // a hash of its attributes and its start
  bool adds = false;         // else `value` takes the place of the series' former one
  double value = 0;          // of a distribution its sum
};

struct OtlpItem {
  std::uint64_t hash = 0;  // never 0
  std::string id;          // "otlp.span <trace id> <span id>", "otlp.log <trace id> <span id>", ...
  std::string text;        // a request with this item alone; empty unless it was asked for
  OtlpMeasure measure;     // of a point
};

class OtlpItems final : public otlp::Visitor {
public:
  explicit OtlpItems(bool with_text) noexcept : with_text_(with_text) {}

  void resource(otlp::Signal signal, const otlp::Resource& resource) override;
  void scope(const otlp::Scope& scope) override;
  void span(const otlp::Span& span) override;
  void log(const otlp::LogRecord& log) override;
  void point(const otlp::Metric& metric, const otlp::MetricPoint& point) override;

  std::vector<OtlpItem> items;

private:
  bool with_text_;
  otlp::Signal signal_{};
  std::uint64_t scope_hash_ = 0;
  boost::json::object resource_;  // of the items that follow, where texts are wanted
  boost::json::object scope_;
};

}  // namespace posthaste::tools

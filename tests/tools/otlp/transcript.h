#pragma once

/// What a reader told, as text, one line a call: two readings are equal when their transcripts are.

#include "tools/otlp/visitor.h"

#include <string>

namespace posthaste::tools::otlp::testing {

class Transcript final : public Visitor {
public:
  void resource(Signal signal, const Resource& resource) override;
  void scope(const Scope& scope) override;
  void span(const Span& span) override;
  void log(const LogRecord& log) override;
  void point(const Metric& metric, const MetricPoint& point) override;

  const std::string& text() const noexcept { return text_; }
  /// Spans, their events, logs and points: the items that a conversion has lines for.
  std::size_t items() const noexcept { return items_; }

private:
  void put(std::string_view name, std::string_view text);
  void put(std::string_view name, std::uint64_t number);
  void put(std::string_view name, double number);
  void put(std::string_view name, std::span<const KeyValue> attributes);
  void put(std::string_view name, const Value& value);
  void put(std::string_view name, const std::optional<double>& number);
  void put_id(std::string_view name, std::span<const std::uint8_t> id);
  void put_value(const Value& value);
  void put_distribution(const MetricPoint& point);

  std::string text_;
  std::size_t items_ = 0;
};

}  // namespace posthaste::tools::otlp::testing

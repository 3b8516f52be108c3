#pragma once

/// Random records, each made twice: as this library records it, and as the message of Protobuf's
/// generated classes that it must become.

#include "runtime/model/metric_point_builder.h"
#include "runtime/model/record_builder.h"
#include "runtime/wire/otlp_request.h"
#include "tests/runtime/wire/seeded_random.h"

#include <opentelemetry/proto/collector/logs/v1/logs_service.pb.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

#include <deque>
#include <string>
#include <vector>

namespace posthaste::wire {

namespace pb_common = opentelemetry::proto::common::v1;
namespace pb_trace = opentelemetry::proto::trace::v1;
namespace pb_logs = opentelemetry::proto::logs::v1;
namespace pb_metrics = opentelemetry::proto::metrics::v1;
namespace pb_collector = opentelemetry::proto::collector;

class OtlpOracle {
public:
  explicit OtlpOracle(std::uint32_t seed) : random_(seed) {}

  std::uint32_t dice(std::uint32_t sides) { return random_() % sides; }

  /// The record's bytes; `expected` becomes what they say.
  std::vector<std::byte> span(pb_trace::Span& expected);
  std::vector<std::byte> log(pb_logs::LogRecord& expected);
  /// A point of a random metric out of a few; `metric` gets that metric with this point alone.
  std::vector<std::byte> point(pb_metrics::Metric& metric);

  /// Attributes with keys k0, k1, ...; they borrow from this object.
  template <class Field>
  Attributes attributes(Field& expected, std::uint32_t most = 5);
  std::string_view text();

private:
  AttributeValue value(pb_common::AnyValue& expected, int depth);
  template <class Number>
  AttributeValue array(pb_common::AnyValue& expected);
  TraceId trace_id();
  SpanId span_id();
  std::uint64_t time() { return 1'700'000'000'000'000'000u + random_(); }
  double number();
  std::uint64_t count();
  void event(model::RecordBuilder& record, pb_trace::Span& expected);
  void link(model::RecordBuilder& record, pb_trace::Span& expected);
  template <class Point>
  void exemplars(model::MetricPointBuilder& point, Point& expected);
  template <class Point>
  void common(model::MetricPointBuilder& point, Point& expected);
  template <class Point>
  void distribution(model::MetricPointBuilder& point, Point& expected);
  void number_point(model::MetricPointBuilder& point, pb_metrics::NumberDataPoint& expected);
  void histogram(model::MetricPointBuilder& point, pb_metrics::HistogramDataPoint& expected);
  void exponential(model::MetricPointBuilder& point,
                   pb_metrics::ExponentialHistogramDataPoint& expected);
  void summary(model::MetricPointBuilder& point, pb_metrics::SummaryDataPoint& expected);

  SeededRandom random_;
  std::deque<std::string> texts_;
  std::deque<std::vector<std::string_view>> text_arrays_;
  std::deque<std::vector<std::int64_t>> int64_arrays_;
  std::deque<std::vector<double>> float64_arrays_;
  std::deque<std::array<bool, 3>> boolean_arrays_;
  std::deque<std::vector<AttributeValue>> lists_;
  std::deque<std::vector<Attribute>> maps_;
};

template <class Field>
Attributes OtlpOracle::attributes(Field& expected, std::uint32_t most) {
  std::vector<Attribute>& list = maps_.emplace_back(dice(most + 1));
  for (std::size_t i = 0; i < list.size(); ++i) {
    texts_.push_back("k" + std::to_string(i));
    auto* pair = expected.Add();
    pair->set_key(texts_.back());
    list[i] = {texts_.back(), value(*pair->mutable_value(), 0)};
  }
  return Attributes(std::span<const Attribute>(list));
}

}  // namespace posthaste::wire

#include "tests/runtime/wire/otlp_oracle.h"

#include <algorithm>
#include <cmath>

namespace posthaste::wire {
namespace {

std::string bytes_of(const auto& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

std::string_view OtlpOracle::text() {
  static constexpr std::string_view some[] = {"", "a", "GET /orders/{id}", "Grüße, 世界 🚀",
                                              "tab\tquote\" back\\slash\n"};
  if (dice(3) != 0) return some[dice(5)];
  return texts_.emplace_back(dice(300), 'x');
}

double OtlpOracle::number() {
  switch (dice(6)) {
    case 0: return 0;
    case 1: return -0.0;
    case 2: return std::numeric_limits<double>::infinity();
    case 3: return 1e300;
    default: return static_cast<double>(random_()) / 1000 - 1e6;
  }
}

std::uint64_t OtlpOracle::count() {
  constexpr std::uint64_t some[] = {0, 1, 200, 70'000, 5'000'000'000, UINT64_MAX};
  return some[dice(6)];
}

TraceId OtlpOracle::trace_id() {
  TraceId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_());
  id.bytes[0] |= 1;
  return id;
}

SpanId OtlpOracle::span_id() {
  SpanId id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_());
  id.bytes[0] |= 1;
  return id;
}

AttributeValue OtlpOracle::value(pb_common::AnyValue& expected, int depth) {
  switch (dice(depth < 4 ? 12 : 10)) {
    case 0: return {};
    case 1: {
      expected.set_bool_value(dice(2) == 0);
      return expected.bool_value();
    }
    case 2: {
      expected.set_int_value(static_cast<std::int64_t>(count()) * (dice(2) == 0 ? 1 : -1));
      return expected.int_value();
    }
    case 3: expected.set_double_value(number()); return expected.double_value();
    case 4: {
      const std::string& raw = texts_.emplace_back("\0\xFF\x80raw", 6);
      expected.set_bytes_value(raw);
      return AttributeValue::bytes(std::as_bytes(std::span(raw)));
    }
    case 5: {
      auto& list = text_arrays_.emplace_back();
      auto& values = *expected.mutable_array_value();
      for (std::uint32_t i = dice(4); i > 0; --i) {
        list.push_back(text());
        values.add_values()->set_string_value(std::string(list.back()));
      }
      return AttributeValue(std::span<const std::string_view>(list));
    }
    case 6: {
      auto& list = int64_arrays_.emplace_back();
      auto& values = *expected.mutable_array_value();
      for (std::uint32_t i = dice(5); i > 0; --i) {
        list.push_back(static_cast<std::int64_t>(count()));
        values.add_values()->set_int_value(list.back());
      }
      return AttributeValue(std::span<const std::int64_t>(list));
    }
    case 7: {
      auto& list = float64_arrays_.emplace_back();
      auto& values = *expected.mutable_array_value();
      for (std::uint32_t i = dice(5); i > 0; --i) {
        list.push_back(number());
        values.add_values()->set_double_value(list.back());
      }
      return AttributeValue(std::span<const double>(list));
    }
    case 8: {
      auto& list = boolean_arrays_.emplace_back();
      for (bool& one : list) {
        one = dice(2) == 0;
        expected.mutable_array_value()->add_values()->set_bool_value(one);
      }
      return AttributeValue(std::span<const bool>(list));
    }
    case 10: {
      auto& list = lists_.emplace_back(dice(4));
      expected.mutable_array_value();
      for (AttributeValue& one : list) {
        one = value(*expected.mutable_array_value()->add_values(), depth + 1);
      }
      return AttributeValue::list(list);
    }
    case 11: {
      auto& list = maps_.emplace_back(dice(4));
      expected.mutable_kvlist_value();
      for (std::size_t i = 0; i < list.size(); ++i) {
        texts_.push_back("m" + std::to_string(i));
        auto* pair = expected.mutable_kvlist_value()->add_values();
        pair->set_key(texts_.back());
        const std::string_view key = texts_.back();
        list[i] = {key, value(*pair->mutable_value(), depth + 1)};
      }
      return AttributeValue::map(Attributes(std::span<const Attribute>(list)));
    }
    default: {
      const std::string_view some = text();
      expected.set_string_value(std::string(some));
      return some;
    }
  }
}

void OtlpOracle::event(model::RecordBuilder& record, pb_trace::Span& expected) {
  auto* event = expected.add_events();
  event->set_time_unix_nano(time());
  event->set_name(std::string(text()));
  const Attributes attributes = this->attributes(*event->mutable_attributes(), 3);
  record.event(event->name(), event->time_unix_nano(), true, attributes);
}

void OtlpOracle::link(model::RecordBuilder& record, pb_trace::Span& expected) {
  auto* link = expected.add_links();
  const TraceId trace = trace_id();
  const SpanId span = span_id();
  link->set_trace_id(bytes_of(trace));
  link->set_span_id(bytes_of(span));
  link->set_flags(dice(2));
  if (dice(2) == 0) link->set_trace_state("a=1,b=2");
  const Attributes attributes = this->attributes(*link->mutable_attributes(), 3);
  record.link(trace, span, attributes, link->trace_state(),
              static_cast<std::uint8_t>(link->flags()));
}

std::vector<std::byte> OtlpOracle::span(pb_trace::Span& expected) {
  model::RecordBuilder record(model::RecordType::span, 1 << 20);
  const TraceId trace = trace_id();
  const SpanId span = span_id();
  expected.set_trace_id(bytes_of(trace));
  expected.set_span_id(bytes_of(span));
  expected.set_kind(static_cast<pb_trace::Span::SpanKind>(1 + dice(5)));
  expected.set_start_time_unix_nano(time());
  expected.set_end_time_unix_nano(expected.start_time_unix_nano() + random_());
  model::RecordHead head = record.head();
  if (dice(2) == 0) {
    head.parent_span_id = span_id();
    expected.set_parent_span_id(bytes_of(head.parent_span_id));
  }
  const bool remote = dice(2) == 0;
  head.trace_flags = static_cast<std::uint8_t>(dice(4));
  expected.set_flags(head.trace_flags | 0x100u | (remote ? 0x200u : 0));
  head.trace_id = trace;
  head.span_id = span;
  head.kind = static_cast<std::uint8_t>(expected.kind());
  head.start = expected.start_time_unix_nano();
  head.end = expected.end_time_unix_nano();
  head.flags |= model::record_flag::start_is_wall | model::record_flag::end_is_wall |
                (remote ? model::record_flag::parent_remote : 0);
  head.sample_rate = 100;
  head.dropped_attributes = dice(3) * 100'000;
  head.dropped_events = dice(3);
  head.dropped_links = static_cast<std::uint16_t>(dice(3));
  head.status = static_cast<std::uint8_t>(dice(3));
  expected.set_dropped_attributes_count(head.dropped_attributes);
  expected.set_dropped_events_count(head.dropped_events);
  expected.set_dropped_links_count(head.dropped_links);
  if (head.status != 0) {
    expected.mutable_status()->set_code(static_cast<pb_trace::Status::StatusCode>(head.status));
  }
  record.head() = head;

  expected.set_name(std::string(text()));
  record.text(model::EntryKind::name, expected.name());
  record.attributes(attributes(*expected.mutable_attributes()));
  for (std::uint32_t i = dice(3); i > 0; --i) event(record, expected);
  for (std::uint32_t i = dice(3); i > 0; --i) link(record, expected);
  if (dice(2) == 0) {
    expected.set_trace_state("vendor=value,ot=th:8");
    record.text(model::EntryKind::trace_state, expected.trace_state());
  }
  if (dice(3) == 0) {
    expected.mutable_status()->set_message("it broke");
    record.text(model::EntryKind::status_description, "it broke");
  }
  record.text(model::EntryKind::operation_name, "GET /");
  const auto bytes = record.bytes();
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> OtlpOracle::log(pb_logs::LogRecord& expected) {
  model::RecordBuilder record(model::RecordType::log, 1 << 20);
  model::RecordHead head = record.head();
  if (dice(2) == 0) {
    head.trace_id = trace_id();
    head.span_id = span_id();
    head.trace_flags = 1;
    expected.set_trace_id(bytes_of(head.trace_id));
    expected.set_span_id(bytes_of(head.span_id));
    expected.set_flags(1);
  }
  head.kind = static_cast<std::uint8_t>(dice(25));
  head.start = dice(2) == 0 ? time() : 0;
  head.end = time();
  head.flags |= model::record_flag::start_is_wall | model::record_flag::end_is_wall;
  head.dropped_attributes = dice(2);
  head.sample_rate = 100;
  expected.set_severity_number(static_cast<pb_logs::SeverityNumber>(head.kind));
  expected.set_time_unix_nano(head.start);
  expected.set_observed_time_unix_nano(head.end);
  expected.set_dropped_attributes_count(head.dropped_attributes);
  record.head() = head;
  record.attributes(attributes(*expected.mutable_attributes()));
  if (dice(4) != 0) record.body(value(*expected.mutable_body(), 0));
  if (dice(2) == 0) {
    expected.set_severity_text("Warning");
    record.text(model::EntryKind::severity_text, "Warning");
  }
  if (dice(3) == 0) {
    expected.set_event_name("order.paid");
    record.text(model::EntryKind::event_name, "order.paid");
  }
  const auto bytes = record.bytes();
  return {bytes.begin(), bytes.end()};
}

template <class Point>
void OtlpOracle::exemplars(model::MetricPointBuilder& point, Point& expected) {
  for (std::uint32_t i = dice(3); i > 0; --i) {
    auto* exemplar = expected.add_exemplars();
    model::Exemplar made;
    made.time = time();
    exemplar->set_time_unix_nano(made.time);
    made.integer = dice(2) == 0;
    if (made.integer) {
      exemplar->set_as_int(-5);
      made.value = static_cast<std::uint64_t>(std::int64_t{-5});
    } else {
      exemplar->set_as_double(number());
      made.value = std::bit_cast<std::uint64_t>(exemplar->as_double());
    }
    if (dice(2) == 0) {
      made.trace_id = trace_id();
      made.span_id = span_id();
      exemplar->set_trace_id(bytes_of(made.trace_id));
      exemplar->set_span_id(bytes_of(made.span_id));
    }
    const Attributes filtered = attributes(*exemplar->mutable_filtered_attributes(), 2);
    point.exemplar(made, filtered);
  }
}

template <class Point>
void OtlpOracle::common(model::MetricPointBuilder& point, Point& expected) {
  point.head().start = dice(2) == 0 ? time() : 0;
  point.head().end = time();
  point.head().point_flags = dice(2);
  expected.set_start_time_unix_nano(point.head().start);
  expected.set_time_unix_nano(point.head().end);
  expected.set_flags(point.head().point_flags);
  point.record().attributes(attributes(*expected.mutable_attributes()));
}

template <class Point>
void OtlpOracle::distribution(model::MetricPointBuilder& point, Point& expected) {
  common(point, expected);
  expected.set_count(count());
  point.count(expected.count());
  if (dice(2) == 0) {
    expected.set_sum(number());
    point.value(expected.sum());
  }
  if (dice(2) == 0) {
    expected.set_min(number());
    point.min(expected.min());
  }
  if (dice(2) == 0) {
    expected.set_max(number());
    point.max(expected.max());
  }
  exemplars(point, expected);
}

void OtlpOracle::number_point(model::MetricPointBuilder& point,
                              pb_metrics::NumberDataPoint& expected) {
  common(point, expected);
  if (dice(2) == 0) {
    expected.set_as_int(static_cast<std::int64_t>(count()));
    point.value(expected.as_int());
  } else {
    expected.set_as_double(number());
    point.value(expected.as_double());
  }
  exemplars(point, expected);
}

void OtlpOracle::histogram(model::MetricPointBuilder& point,
                           pb_metrics::HistogramDataPoint& expected) {
  distribution(point, expected);
  std::vector<double> bounds(dice(4));
  std::vector<std::uint64_t> counts(bounds.size() + 1);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = static_cast<double>(i) * 2.5;
    expected.add_explicit_bounds(bounds[i]);
  }
  for (auto& one : counts) expected.add_bucket_counts(one = count());
  point.buckets(bounds, counts);
}

void OtlpOracle::exponential(model::MetricPointBuilder& point,
                             pb_metrics::ExponentialHistogramDataPoint& expected) {
  distribution(point, expected);
  std::vector<std::uint64_t> positive(dice(5));
  std::vector<std::uint64_t> negative(dice(5));
  model::ExponentialBuckets buckets{.scale = static_cast<std::int32_t>(dice(30)) - 10,
                                    .zero_count = count(),
                                    .zero_threshold = dice(2) == 0 ? 0 : 1e-9,
                                    .positive_offset = static_cast<std::int32_t>(dice(100)) - 50,
                                    .negative_offset = -static_cast<std::int32_t>(dice(1000))};
  const auto fill = [&](std::vector<std::uint64_t>& counts, std::int32_t offset, auto range_of) {
    if (counts.empty()) return;
    auto* range = range_of();
    range->set_offset(offset);
    for (auto& one : counts) range->add_bucket_counts(one = count());
  };
  const auto positive_of = [&] { return expected.mutable_positive(); };
  const auto negative_of = [&] { return expected.mutable_negative(); };
  fill(positive, buckets.positive_offset, positive_of);
  fill(negative, buckets.negative_offset, negative_of);
  buckets.positive = positive;
  buckets.negative = negative;
  expected.set_scale(buckets.scale);
  expected.set_zero_count(buckets.zero_count);
  expected.set_zero_threshold(buckets.zero_threshold);
  point.buckets(buckets);
}

void OtlpOracle::summary(model::MetricPointBuilder& point, pb_metrics::SummaryDataPoint& expected) {
  common(point, expected);
  expected.set_count(count());
  expected.set_sum(number());
  point.count(expected.count()).value(expected.sum());
  std::vector<model::Quantile> quantiles(dice(4));
  for (model::Quantile& one : quantiles) {
    one = {static_cast<double>(dice(100)) / 100, number()};
    auto* value = expected.add_quantile_values();
    value->set_quantile(one.quantile);
    value->set_value(one.value);
  }
  point.quantiles(quantiles);
}

std::vector<std::byte> OtlpOracle::point(pb_metrics::Metric& metric) {
  static constexpr std::string_view names[] = {"gauge",     "sum",         "up-down",
                                               "histogram", "exponential", "summary"};
  const std::uint32_t which = dice(6);
  constexpr model::MetricKind kinds[] = {model::MetricKind::gauge,
                                         model::MetricKind::sum,
                                         model::MetricKind::sum,
                                         model::MetricKind::histogram,
                                         model::MetricKind::exponential_histogram,
                                         model::MetricKind::summary};
  model::MetricPointBuilder point(kinds[which], names[which]);
  const std::uint32_t temporality = 1 + dice(2);
  const auto timed = [&](auto* data) {
    data->set_aggregation_temporality(static_cast<pb_metrics::AggregationTemporality>(temporality));
    point.head().temporality = static_cast<model::Temporality>(temporality);
    return data->add_data_points();
  };
  metric.set_name(std::string(names[which]));
  metric.set_unit("ms");
  metric.set_description("how long");
  point.unit("ms").description("how long");
  switch (which) {
    case 0: number_point(point, *metric.mutable_gauge()->add_data_points()); break;
    case 1:
      metric.mutable_sum()->set_is_monotonic(true);
      point.head().traits |= model::metric_trait::monotonic;
      [[fallthrough]];
    case 2: number_point(point, *timed(metric.mutable_sum())); break;
    case 3: histogram(point, *timed(metric.mutable_histogram())); break;
    case 4: exponential(point, *timed(metric.mutable_exponential_histogram())); break;
    default: summary(point, *metric.mutable_summary()->add_data_points()); break;
  }
  const auto bytes = point.bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace posthaste::wire

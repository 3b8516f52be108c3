#include "tools/emulator/otlp_item_text.h"

#include "runtime/wire/base64.h"

#include <cmath>

namespace posthaste::tools {
namespace {

namespace json = boost::json;

json::string text(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

template <class Id>
json::string id(const Id& id) {
  const auto digits = id.hex();
  return text({digits.data(), digits.size()});
}

json::value number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

/// 64 bits are more than a number of JSON is sure to hold.
template <class Integer>
json::value word(Integer value) {
  return json::string(std::to_string(value));
}

json::string base64(std::string_view bytes) {
  wire::ByteBuffer buffer;
  wire::append_base64(bytes, buffer);
  return text(buffer.view());
}

json::array attributes(std::span<const otlp::KeyValue> list);

json::object value(const otlp::Value& given) {
  switch (given.kind()) {
    case otlp::ValueKind::unset: break;
    case otlp::ValueKind::string: return {{"stringValue", text(given.text())}};
    case otlp::ValueKind::bytes: return {{"bytesValue", base64(given.text())}};
    case otlp::ValueKind::boolean: return {{"boolValue", given.boolean()}};
    case otlp::ValueKind::int64: return {{"intValue", word(given.int64())}};
    case otlp::ValueKind::float64: return {{"doubleValue", number(given.float64())}};
    case otlp::ValueKind::array: {
      json::array elements;
      for (const otlp::Value& each : given.elements()) elements.push_back(value(each));
      return {{"arrayValue", json::object{{"values", std::move(elements)}}}};
    }
    case otlp::ValueKind::map:
      return {{"kvlistValue", json::object{{"values", attributes(given.members())}}}};
  }
  return {};
}

json::array attributes(std::span<const otlp::KeyValue> list) {
  json::array array;
  for (const otlp::KeyValue& each : list) {
    array.push_back(json::object{{"key", text(each.key)}, {"value", value(each.value)}});
  }
  return array;
}

template <class Number>
json::array words(std::span<const Number> list) {
  json::array array;
  for (const Number each : list) array.push_back(word(each));
  return array;
}

json::object buckets(const otlp::Buckets& buckets) {
  return {{"offset", buckets.offset}, {"bucketCounts", words(buckets.counts)}};
}

json::object event(const otlp::SpanEvent& event) {
  return {{"timeUnixNano", word(event.time)},
          {"name", text(event.name)},
          {"attributes", attributes(event.attributes)},
          {"droppedAttributesCount", event.dropped_attributes}};
}

json::object link(const otlp::SpanLink& link) {
  return {{"traceId", id(link.trace_id)},
          {"spanId", id(link.span_id)},
          {"traceState", text(link.trace_state)},
          {"attributes", attributes(link.attributes)},
          {"droppedAttributesCount", link.dropped_attributes},
          {"flags", link.flags}};
}

void add_distribution(const otlp::Metric& metric, const otlp::MetricPoint& point,
                      json::object& object) {
  object["count"] = word(point.count);
  if (point.sum) object["sum"] = number(*point.sum);
  if (point.min) object["min"] = number(*point.min);
  if (point.max) object["max"] = number(*point.max);
  if (metric.kind == otlp::MetricKind::histogram) {
    object["bucketCounts"] = words(point.bucket_counts);
    json::array& bounds = object["explicitBounds"].emplace_array();
    for (const double each : point.explicit_bounds) bounds.push_back(number(each));
  } else if (metric.kind == otlp::MetricKind::exponential_histogram) {
    object["scale"] = point.scale;
    object["zeroCount"] = word(point.zero_count);
    object["zeroThreshold"] = number(point.zero_threshold);
    object["positive"] = buckets(point.positive);
    object["negative"] = buckets(point.negative);
  } else {
    json::array& quantiles = object["quantileValues"].emplace_array();
    for (const otlp::Quantile& each : point.quantiles) {
      quantiles.push_back(
          json::object{{"quantile", number(each.quantile)}, {"value", number(each.value)}});
    }
  }
}

bool is_distribution(otlp::MetricKind kind) noexcept {
  return kind != otlp::MetricKind::gauge && kind != otlp::MetricKind::sum;
}

json::object data_point(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  json::object object{{"attributes", attributes(point.attributes)},
                      {"startTimeUnixNano", word(point.start)},
                      {"timeUnixNano", word(point.time)},
                      {"flags", point.flags}};
  if (is_distribution(metric.kind)) {
    add_distribution(metric, point, object);
  } else if (point.value.kind() == otlp::ValueKind::int64) {
    object["asInt"] = word(point.value.int64());
  } else if (point.value.kind() == otlp::ValueKind::float64) {
    object["asDouble"] = number(point.value.float64());
  }
  return object;
}

json::string_view name_of(otlp::MetricKind kind) noexcept {
  switch (kind) {
    case otlp::MetricKind::gauge: return "gauge";
    case otlp::MetricKind::sum: return "sum";
    case otlp::MetricKind::histogram: return "histogram";
    case otlp::MetricKind::exponential_histogram: return "exponentialHistogram";
    case otlp::MetricKind::summary: break;
  }
  return "summary";
}

}  // namespace

json::object to_object(const otlp::Resource& resource) {
  return {{"attributes", attributes(resource.attributes)}};
}

json::object to_object(const otlp::Scope& scope) {
  return {{"name", text(scope.name)},
          {"version", text(scope.version)},
          {"attributes", attributes(scope.attributes)}};
}

json::object to_object(const otlp::Span& span) {
  json::object object{{"traceId", id(span.trace_id)},
                      {"spanId", id(span.span_id)},
                      {"traceState", text(span.trace_state)},
                      {"flags", span.flags},
                      {"name", text(span.name)},
                      {"kind", span.kind},
                      {"startTimeUnixNano", word(span.start)},
                      {"endTimeUnixNano", word(span.end)},
                      {"attributes", attributes(span.attributes)},
                      {"droppedAttributesCount", span.dropped_attributes},
                      {"droppedEventsCount", span.dropped_events},
                      {"droppedLinksCount", span.dropped_links}};
  if (span.parent_span_id.is_valid()) object["parentSpanId"] = id(span.parent_span_id);
  if (span.status_code != 0 || !span.status_message.empty()) {
    object["status"] = {{"code", span.status_code}, {"message", text(span.status_message)}};
  }
  json::array& events = object["events"].emplace_array();
  for (const otlp::SpanEvent& each : span.events) events.push_back(event(each));
  json::array& links = object["links"].emplace_array();
  for (const otlp::SpanLink& each : span.links) links.push_back(link(each));
  return object;
}

json::object to_object(const otlp::LogRecord& log) {
  json::object object{{"timeUnixNano", word(log.time)},
                      {"observedTimeUnixNano", word(log.observed_time)},
                      {"severityNumber", log.severity_number},
                      {"severityText", text(log.severity_text)},
                      {"eventName", text(log.event_name)},
                      {"attributes", attributes(log.attributes)},
                      {"droppedAttributesCount", log.dropped_attributes},
                      {"flags", log.flags}};
  if (log.body.kind() != otlp::ValueKind::unset) object["body"] = value(log.body);
  if (log.trace_id.is_valid()) object["traceId"] = id(log.trace_id);
  if (log.span_id.is_valid()) object["spanId"] = id(log.span_id);
  return object;
}

json::object to_object(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  json::object data{{"dataPoints", json::array{data_point(metric, point)}}};
  if (metric.kind != otlp::MetricKind::gauge && metric.kind != otlp::MetricKind::summary) {
    data["aggregationTemporality"] = metric.temporality;
  }
  if (metric.kind == otlp::MetricKind::sum) data["isMonotonic"] = metric.is_monotonic;
  return {{"name", text(metric.name)},
          {"description", text(metric.description)},
          {"unit", text(metric.unit)},
          {name_of(metric.kind), std::move(data)}};
}

std::string request_text(otlp::Signal signal, const json::object& resource,
                         const json::object& scope, json::object item) {
  struct Names {
    json::string_view resources, scopes, items;
  };
  constexpr Names names[]{{"resourceSpans", "scopeSpans", "spans"},
                          {"resourceMetrics", "scopeMetrics", "metrics"},
                          {"resourceLogs", "scopeLogs", "logRecords"}};
  const Names& of = names[static_cast<int>(signal)];
  json::array items;
  items.push_back(std::move(item));
  json::array scopes;
  scopes.push_back(json::object{{"scope", scope}, {of.items, std::move(items)}});
  json::array resources;
  resources.push_back(json::object{{"resource", resource}, {of.scopes, std::move(scopes)}});
  return json::serialize(json::object{{of.resources, std::move(resources)}});
}

}  // namespace posthaste::tools

#include "tests/tools/otlp/transcript.h"

#include <bit>
#include <cmath>

namespace posthaste::tools::otlp::testing {

// Numbers by their bits, texts by their length: nothing falls together that is not the same.
void Transcript::put(std::string_view name, std::string_view text) {
  text_ += ' ';
  text_ += name;
  text_ += '=' + std::to_string(text.size()) + ':';
  text_ += text;
}
void Transcript::put(std::string_view name, std::uint64_t number) {
  text_ += ' ';
  text_ += name;
  text_ += '=' + std::to_string(number);
}
void Transcript::put(std::string_view name, double number) {
  put(name, std::isnan(number) ? 0 : std::bit_cast<std::uint64_t>(number));
}
void Transcript::put(std::string_view name, const std::optional<double>& number) {
  if (number) put(name, *number);
}
void Transcript::put_id(std::string_view name, std::span<const std::uint8_t> id) {
  put(name, std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
}

void Transcript::put_value(const Value& value) {
  const auto kind = std::to_string(static_cast<int>(value.kind()));
  switch (value.kind()) {
    case ValueKind::unset: text_ += " unset"; break;
    case ValueKind::string:
    case ValueKind::bytes: put(kind, value.text()); break;
    case ValueKind::boolean: put(kind, std::uint64_t{value.boolean()}); break;
    case ValueKind::int64: put(kind, static_cast<std::uint64_t>(value.int64())); break;
    case ValueKind::float64: put(kind, value.float64()); break;
    case ValueKind::array:
      text_ += " [";
      for (const Value& each : value.elements()) put_value(each);
      text_ += ']';
      break;
    case ValueKind::map: put("map", value.members()); break;
  }
}

void Transcript::put(std::string_view name, const Value& value) {
  text_ += ' ';
  text_ += name;
  put_value(value);
}

void Transcript::put(std::string_view name, std::span<const KeyValue> attributes) {
  text_ += ' ';
  text_ += name;
  text_ += " {";
  for (const KeyValue& each : attributes) {
    put("key", each.key);
    put_value(each.value);
  }
  text_ += '}';
}

void Transcript::resource(Signal signal, const Resource& resource) {
  text_ += "resource";
  put("signal", std::uint64_t{static_cast<std::uint8_t>(signal)});
  put("attributes", resource.attributes);
  text_ += '\n';
}

void Transcript::scope(const Scope& scope) {
  text_ += "scope";
  put("name", scope.name);
  put("version", scope.version);
  put("attributes", scope.attributes);
  text_ += '\n';
}

void Transcript::span(const Span& span) {
  items_ += 1 + span.events.size();
  text_ += "span";
  put_id("trace", span.trace_id.bytes);
  put_id("id", span.span_id.bytes);
  put_id("parent", span.parent_span_id.bytes);
  put("state", span.trace_state);
  put("name", span.name);
  put("kind", static_cast<std::uint64_t>(span.kind));
  put("flags", std::uint64_t{span.flags});
  put("start", span.start);
  put("end", span.end);
  put("attributes", span.attributes);
  put("dropped", std::uint64_t{span.dropped_attributes});
  put("dropped", std::uint64_t{span.dropped_events});
  put("dropped", std::uint64_t{span.dropped_links});
  put("status", static_cast<std::uint64_t>(span.status_code));
  put("message", span.status_message);
  for (const SpanEvent& event : span.events) {
    put("event", event.time);
    put("name", event.name);
    put("attributes", event.attributes);
    put("dropped", std::uint64_t{event.dropped_attributes});
  }
  for (const SpanLink& link : span.links) {
    put_id("link", link.trace_id.bytes);
    put_id("id", link.span_id.bytes);
    put("state", link.trace_state);
    put("attributes", link.attributes);
    put("dropped", std::uint64_t{link.dropped_attributes});
    put("flags", std::uint64_t{link.flags});
  }
  text_ += '\n';
}

void Transcript::log(const LogRecord& log) {
  ++items_;
  text_ += "log";
  put_id("trace", log.trace_id.bytes);
  put_id("id", log.span_id.bytes);
  put("time", log.time);
  put("observed", log.observed_time);
  put("severity", static_cast<std::uint64_t>(log.severity_number));
  put("flags", std::uint64_t{log.flags});
  put("text", log.severity_text);
  put("event", log.event_name);
  put("body", log.body);
  put("attributes", log.attributes);
  put("dropped", std::uint64_t{log.dropped_attributes});
  text_ += '\n';
}

void Transcript::point(const Metric& metric, const MetricPoint& point) {
  ++items_;
  text_ += "point";
  put("metric", metric.name);
  put("description", metric.description);
  put("unit", metric.unit);
  put("kind", std::uint64_t{static_cast<std::uint8_t>(metric.kind)});
  put("temporality", static_cast<std::uint64_t>(metric.temporality));
  put("monotonic", std::uint64_t{metric.is_monotonic});
  put("attributes", point.attributes);
  put("start", point.start);
  put("time", point.time);
  put("flags", std::uint64_t{point.flags});
  put("value", point.value);
  put_distribution(point);
  text_ += '\n';
}

void Transcript::put_distribution(const MetricPoint& point) {
  put("count", point.count);
  put("sum", point.sum);
  put("min", point.min);
  put("max", point.max);
  for (const std::uint64_t each : point.bucket_counts) put("bucket", each);
  for (const double each : point.explicit_bounds) put("bound", each);
  put("scale", static_cast<std::uint64_t>(point.scale));
  put("zero", point.zero_count);
  put("threshold", point.zero_threshold);
  for (const Buckets* buckets : {&point.positive, &point.negative}) {
    put("offset", static_cast<std::uint64_t>(buckets->offset));
    for (const std::uint64_t each : buckets->counts) put("bucket", each);
  }
  for (const Quantile& each : point.quantiles) {
    put("quantile", each.quantile);
    put("value", each.value);
  }
}

}  // namespace posthaste::tools::otlp::testing

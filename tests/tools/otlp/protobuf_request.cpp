#include "tests/tools/otlp/protobuf_request.h"

#include <protozero/pbf_writer.hpp>

#include <utility>

namespace posthaste::tools::otlp::testing {
namespace {

using Writer = protozero::pbf_writer;

template <class Write>
std::string message(Write&& write) {
  std::string bytes;
  Writer writer(bytes);
  write(writer);
  return bytes;
}

void put_text(Writer& writer, std::uint32_t field, std::string_view text) {
  if (!text.empty()) writer.add_string(field, text.data(), text.size());
}
template <std::size_t N>
void put_id(Writer& writer, std::uint32_t field, const std::array<std::uint8_t, N>& id) {
  if (id != std::array<std::uint8_t, N>{}) {
    writer.add_bytes(field, reinterpret_cast<const char*>(id.data()), id.size());
  }
}

std::string value_message(const Value& value);

std::string pair_message(const KeyValue& pair) {
  return message([&](Writer& writer) {
    put_text(writer, 1, pair.key);
    if (pair.value.kind() != ValueKind::unset) writer.add_message(2, value_message(pair.value));
  });
}

void put_attributes(Writer& writer, std::uint32_t field, std::span<const KeyValue> attributes) {
  for (const KeyValue& each : attributes) writer.add_message(field, pair_message(each));
}

std::string value_message(const Value& value) {
  return message([&](Writer& writer) {
    switch (value.kind()) {
      case ValueKind::unset: break;
      case ValueKind::string: writer.add_string(1, value.text().data(), value.text().size()); break;
      case ValueKind::boolean: writer.add_bool(2, value.boolean()); break;
      case ValueKind::int64: writer.add_int64(3, value.int64()); break;
      case ValueKind::float64: writer.add_double(4, value.float64()); break;
      case ValueKind::array:
        writer.add_message(5, message([&](Writer& list) {
                             for (const Value& each : value.elements())
                               list.add_message(1, value_message(each));
                           }));
        break;
      case ValueKind::map:
        writer.add_message(
            6, message([&](Writer& list) { put_attributes(list, 1, value.members()); }));
        break;
      case ValueKind::bytes: writer.add_bytes(7, value.text().data(), value.text().size()); break;
    }
  });
}

std::string event_message(const SpanEvent& event) {
  return message([&](Writer& writer) {
    writer.add_fixed64(1, event.time);
    put_text(writer, 2, event.name);
    put_attributes(writer, 3, event.attributes);
    writer.add_uint32(4, event.dropped_attributes);
  });
}

std::string link_message(const SpanLink& link) {
  return message([&](Writer& writer) {
    put_id(writer, 1, link.trace_id.bytes);
    put_id(writer, 2, link.span_id.bytes);
    put_text(writer, 3, link.trace_state);
    put_attributes(writer, 4, link.attributes);
    writer.add_uint32(5, link.dropped_attributes);
    writer.add_fixed32(6, link.flags);
  });
}

std::string buckets_message(const Buckets& buckets) {
  return message([&](Writer& writer) {
    writer.add_sint32(1, buckets.offset);
    writer.add_packed_uint64(2, buckets.counts.begin(), buckets.counts.end());
  });
}

void put_distribution(Writer& writer, const MetricPoint& point) {
  writer.add_fixed64(4, point.count);
  if (point.sum) writer.add_double(5, *point.sum);
}

std::string number_message(const MetricPoint& point) {
  return message([&](Writer& writer) {
    writer.add_fixed64(2, point.start);
    writer.add_fixed64(3, point.time);
    if (point.value.kind() == ValueKind::float64) writer.add_double(4, point.value.float64());
    if (point.value.kind() == ValueKind::int64) writer.add_sfixed64(6, point.value.int64());
    put_attributes(writer, 7, point.attributes);
    writer.add_uint32(8, point.flags);
  });
}

std::string histogram_message(const MetricPoint& point) {
  return message([&](Writer& writer) {
    writer.add_fixed64(2, point.start);
    writer.add_fixed64(3, point.time);
    put_distribution(writer, point);
    writer.add_packed_fixed64(6, point.bucket_counts.begin(), point.bucket_counts.end());
    // Not packed: readers take both.
    for (const double bound : point.explicit_bounds) writer.add_double(7, bound);
    put_attributes(writer, 9, point.attributes);
    writer.add_uint32(10, point.flags);
    if (point.min) writer.add_double(11, *point.min);
    if (point.max) writer.add_double(12, *point.max);
  });
}

std::string exponential_message(const MetricPoint& point) {
  return message([&](Writer& writer) {
    put_attributes(writer, 1, point.attributes);
    writer.add_fixed64(2, point.start);
    writer.add_fixed64(3, point.time);
    put_distribution(writer, point);
    writer.add_sint32(6, point.scale);
    writer.add_fixed64(7, point.zero_count);
    writer.add_message(8, buckets_message(point.positive));
    writer.add_message(9, buckets_message(point.negative));
    writer.add_uint32(10, point.flags);
    if (point.min) writer.add_double(12, *point.min);
    if (point.max) writer.add_double(13, *point.max);
    writer.add_double(14, point.zero_threshold);
  });
}

std::string summary_message(const MetricPoint& point) {
  return message([&](Writer& writer) {
    writer.add_fixed64(2, point.start);
    writer.add_fixed64(3, point.time);
    put_distribution(writer, point);
    for (const Quantile& each : point.quantiles) {
      writer.add_message(6, message([&](Writer& quantile) {
                           quantile.add_double(1, each.quantile);
                           quantile.add_double(2, each.value);
                         }));
    }
    put_attributes(writer, 7, point.attributes);
    writer.add_uint32(8, point.flags);
  });
}

/// The field of Metric, and the message of its one point.
std::pair<std::uint32_t, std::string> point_message(MetricKind kind, const MetricPoint& point) {
  switch (kind) {
    case MetricKind::gauge: return {5, number_message(point)};
    case MetricKind::sum: return {7, number_message(point)};
    case MetricKind::histogram: return {9, histogram_message(point)};
    case MetricKind::exponential_histogram: return {10, exponential_message(point)};
    case MetricKind::summary: break;
  }
  return {11, summary_message(point)};
}

}  // namespace

void ProtobufRequest::close_scope() {
  if (std::exchange(in_scope_, false)) Writer(resource_).add_message(2, scope_);
  scope_.clear();
}

void ProtobufRequest::close_resource() {
  close_scope();
  if (std::exchange(in_resource_, false)) Writer(request_).add_message(1, resource_);
  resource_.clear();
}

std::string ProtobufRequest::finish() {
  close_resource();
  return std::move(request_);
}

void ProtobufRequest::resource(Signal signal, const Resource& resource) {
  close_resource();
  wanted_ = signal == signal_;
  in_resource_ = wanted_;
  if (!wanted_) return;
  Writer(resource_).add_message(
      1, message([&](Writer& writer) { put_attributes(writer, 1, resource.attributes); }));
}

void ProtobufRequest::scope(const Scope& scope) {
  if (!wanted_) return;
  close_scope();
  in_scope_ = true;
  Writer(scope_).add_message(1, message([&](Writer& writer) {
                               put_text(writer, 1, scope.name);
                               put_text(writer, 2, scope.version);
                               put_attributes(writer, 3, scope.attributes);
                             }));
}

void ProtobufRequest::span(const Span& span) {
  if (!wanted_) return;
  Writer(scope_).add_message(2, message([&](Writer& writer) {
                               put_id(writer, 1, span.trace_id.bytes);
                               put_id(writer, 2, span.span_id.bytes);
                               put_text(writer, 3, span.trace_state);
                               put_id(writer, 4, span.parent_span_id.bytes);
                               put_text(writer, 5, span.name);
                               writer.add_enum(6, span.kind);
                               writer.add_fixed64(7, span.start);
                               writer.add_fixed64(8, span.end);
                               put_attributes(writer, 9, span.attributes);
                               writer.add_uint32(10, span.dropped_attributes);
                               for (const SpanEvent& event : span.events)
                                 writer.add_message(11, event_message(event));
                               writer.add_uint32(12, span.dropped_events);
                               for (const SpanLink& link : span.links)
                                 writer.add_message(13, link_message(link));
                               writer.add_uint32(14, span.dropped_links);
                               writer.add_message(15, message([&](Writer& status) {
                                                    put_text(status, 2, span.status_message);
                                                    status.add_enum(3, span.status_code);
                                                  }));
                               writer.add_fixed32(16, span.flags);
                             }));
}

void ProtobufRequest::log(const LogRecord& log) {
  if (!wanted_) return;
  Writer(scope_).add_message(2, message([&](Writer& writer) {
                               writer.add_fixed64(1, log.time);
                               writer.add_enum(2, log.severity_number);
                               put_text(writer, 3, log.severity_text);
                               if (log.body.kind() != ValueKind::unset)
                                 writer.add_message(5, value_message(log.body));
                               put_attributes(writer, 6, log.attributes);
                               writer.add_uint32(7, log.dropped_attributes);
                               writer.add_fixed32(8, log.flags);
                               put_id(writer, 9, log.trace_id.bytes);
                               put_id(writer, 10, log.span_id.bytes);
                               writer.add_fixed64(11, log.observed_time);
                               put_text(writer, 12, log.event_name);
                             }));
}

void ProtobufRequest::point(const Metric& metric, const MetricPoint& point) {
  if (!wanted_) return;
  Writer(scope_).add_message(2, message([&](Writer& writer) {
                               put_text(writer, 1, metric.name);
                               put_text(writer, 2, metric.description);
                               put_text(writer, 3, metric.unit);
                               const auto data_point = point_message(metric.kind, point);
                               writer.add_message(data_point.first, message([&](Writer& data) {
                                                    data.add_message(1, data_point.second);
                                                    const bool temporal =
                                                        metric.kind != MetricKind::gauge &&
                                                        metric.kind != MetricKind::summary;
                                                    if (temporal)
                                                      data.add_enum(2, metric.temporality);
                                                    if (metric.kind == MetricKind::sum)
                                                      data.add_bool(3, metric.is_monotonic);
                                                  }));
                             }));
}

}  // namespace posthaste::tools::otlp::testing

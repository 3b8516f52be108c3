#include "tools/convert/record_maker.h"

#include <posthaste/span_kind.h>

#include <algorithm>
#include <limits>

namespace posthaste::tools {
namespace {

using model::EntryKind;
using model::RecordHead;
using model::RecordType;
namespace record_flag = model::record_flag;

constexpr std::uint16_t wall_times = record_flag::start_is_wall | record_flag::end_is_wall;

/// The kinds of a record are OTLP's numbers; what is none of them is internal, as the SDKs have it.
std::uint8_t kind_of(std::int32_t kind) noexcept {
  return static_cast<std::uint8_t>(kind < 1 || kind > 5 ? 1 : kind);
}

std::uint8_t status_of(std::int32_t code) noexcept {
  return static_cast<std::uint8_t>(code < 0 || code > 2 ? 0 : code);
}

/// Records count nanoseconds with a sign: what is later than 2262 is 2262.
std::uint64_t time_of(std::uint64_t nanoseconds) noexcept {
  constexpr std::uint64_t last = std::numeric_limits<std::int64_t>::max();
  return std::min(nanoseconds, last);
}

void add_saturated(std::uint16_t& count, std::uint32_t by) noexcept {
  count =
      static_cast<std::uint16_t>(std::min<std::uint64_t>(UINT16_MAX, std::uint64_t{count} + by));
}
void add_saturated(std::uint32_t& count, std::uint32_t by) noexcept {
  count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(UINT32_MAX, std::uint64_t{count} + by));
}

model::MetricKind kind_of(otlp::MetricKind kind) noexcept {
  switch (kind) {
    case otlp::MetricKind::gauge: return model::MetricKind::gauge;
    case otlp::MetricKind::sum: return model::MetricKind::sum;
    case otlp::MetricKind::histogram: return model::MetricKind::histogram;
    case otlp::MetricKind::exponential_histogram: return model::MetricKind::exponential_histogram;
    case otlp::MetricKind::summary: break;
  }
  return model::MetricKind::summary;
}

model::Temporality temporality_of(std::int32_t number) noexcept {
  if (number == 1) return model::Temporality::delta;
  return number == 2 ? model::Temporality::cumulative : model::Temporality::unspecified;
}

void put_text(model::RecordBuilder& builder, EntryKind kind, std::string_view text) {
  if (!text.empty()) builder.text(kind, text);
}

}  // namespace

model::RecordView RecordMaker::made(std::span<const std::byte> bytes) noexcept {
  // A record of our own making, so it is one.
  return *model::RecordView::from(bytes, size_limit);
}

model::Resource RecordMaker::resource(const otlp::Resource& resource) {
  values_.clear();
  model::Resource made;
  for (const Attribute& each : values_.attributes(resource.attributes, UnsetValue::dropped)) {
    made.set(each.key, each.value);
  }
  return made;
}

model::RecordView RecordMaker::span(const otlp::Span& span, std::string_view operation_name) {
  values_.clear();
  builder_.start(RecordType::span);
  RecordHead& head = builder_.head();
  head.trace_id = span.trace_id;
  head.span_id = span.span_id;
  head.parent_span_id = span.parent_span_id;
  head.kind = kind_of(span.kind);
  head.status = status_of(span.status_code);
  head.trace_flags = static_cast<std::uint8_t>(span.flags & 0xFF);
  head.flags = wall_times;
  if ((span.flags & otlp::Span::is_remote) != 0) head.flags |= record_flag::parent_remote;
  if (operation_name.empty()) head.flags |= record_flag::local_root;
  head.start = time_of(span.start);
  head.end = time_of(span.end);
  put_text(builder_, EntryKind::name, span.name);
  put_text(builder_, EntryKind::operation_name, operation_name);
  put_text(builder_, EntryKind::trace_state, span.trace_state);
  put_text(builder_, EntryKind::status_description, span.status_message);
  builder_.attributes(values_.attributes(span.attributes, UnsetValue::dropped));
  for (const otlp::SpanEvent& event : span.events) {
    builder_.event(event.name, time_of(event.time), true,
                   values_.attributes(event.attributes, UnsetValue::dropped));
  }
  for (const otlp::SpanLink& link : span.links) {
    builder_.link(link.trace_id, link.span_id,
                  values_.attributes(link.attributes, UnsetValue::dropped), link.trace_state,
                  static_cast<std::uint8_t>(link.flags & 0xFF));
  }
  add_saturated(builder_.head().dropped_attributes, span.dropped_attributes);
  add_saturated(builder_.head().dropped_events, span.dropped_events);
  add_saturated(builder_.head().dropped_links, span.dropped_links);
  return made(builder_.bytes());
}

model::RecordView RecordMaker::log(const otlp::LogRecord& log, std::string_view operation_name) {
  values_.clear();
  builder_.start(RecordType::log);
  RecordHead& head = builder_.head();
  head.trace_id = log.trace_id;
  head.span_id = log.span_id;
  head.kind = static_cast<std::uint8_t>(std::clamp(log.severity_number, 0, 255));
  head.trace_flags = static_cast<std::uint8_t>(log.flags & 0xFF);
  head.flags = wall_times;
  head.start = time_of(log.time);
  head.end = time_of(log.observed_time);
  put_text(builder_, EntryKind::operation_name, operation_name);
  put_text(builder_, EntryKind::severity_text, log.severity_text);
  put_text(builder_, EntryKind::event_name, log.event_name);
  if (log.body.kind() != otlp::ValueKind::unset) builder_.body(values_.value(log.body));
  builder_.attributes(values_.attributes(log.attributes, UnsetValue::kept));
  add_saturated(builder_.head().dropped_attributes, log.dropped_attributes);
  return made(builder_.bytes());
}

model::RecordView RecordMaker::point(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  values_.clear();
  point_.start(kind_of(metric.kind), metric.name);
  point_.head().temporality = temporality_of(metric.temporality);
  point_.head().start = time_of(point.start);
  point_.head().end = time_of(point.time);
  point_.head().point_flags = point.flags;
  if (metric.is_monotonic) point_.head().traits |= model::metric_trait::monotonic;
  point_.unit(metric.unit).description(metric.description);
  if (point.value.kind() == otlp::ValueKind::int64) point_.value(point.value.int64());
  if (point.value.kind() == otlp::ValueKind::float64) point_.value(point.value.float64());
  const bool counted =
      metric.kind != otlp::MetricKind::gauge && metric.kind != otlp::MetricKind::sum;
  if (counted) {
    point_.count(point.count);
    if (point.sum) point_.value(*point.sum);
    if (point.min) point_.min(*point.min);
    if (point.max) point_.max(*point.max);
    put_buckets(metric, point);
  }
  point_.record().attributes(values_.attributes(point.attributes, UnsetValue::dropped));
  return made(point_.bytes());
}

void RecordMaker::put_buckets(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  if (metric.kind == otlp::MetricKind::histogram) {
    point_.buckets(point.explicit_bounds, point.bucket_counts);
  } else if (metric.kind == otlp::MetricKind::exponential_histogram) {
    point_.buckets(model::ExponentialBuckets{point.scale, point.zero_count, point.zero_threshold,
                                             point.positive.offset, point.positive.counts,
                                             point.negative.offset, point.negative.counts});
  } else {
    quantiles_.clear();
    for (const otlp::Quantile& each : point.quantiles) {
      quantiles_.push_back({each.quantile, each.value});
    }
    point_.quantiles(quantiles_);
  }
}

}  // namespace posthaste::tools

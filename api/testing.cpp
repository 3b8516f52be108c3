#include <posthaste/testing.h>

#include "runtime/model/metric_point_view.h"
#include "runtime/model/record_times.h"
#include "runtime/model/record_view.h"
#include "runtime/wire/value_text.h"

#include <posthaste/local_sink.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace posthaste::testing {
namespace {

using model::EntryKind;

template <class Element>
std::vector<Element> elements_of(const model::ValueView& value) {
  std::vector<Element> elements;
  value.for_each_element([&](auto element) {
    using Given = decltype(element);
    constexpr bool text = std::is_same_v<Given, std::string_view>;
    if constexpr (std::is_same_v<Given, Element> ||
                  (text && std::is_same_v<Element, std::string>)) {
      elements.emplace_back(element);
    }
  });
  return elements;
}

Value value_of(const model::ValueView& value) {
  switch (value.type()) {
    case AttributeType::string: return std::string(value.string());
    case AttributeType::boolean: return value.boolean();
    case AttributeType::int64: return value.int64();
    case AttributeType::float64: return value.float64();
    case AttributeType::string_array: return elements_of<std::string>(value);
    case AttributeType::boolean_array: return elements_of<bool>(value);
    case AttributeType::int64_array: return elements_of<std::int64_t>(value);
    case AttributeType::float64_array: return elements_of<double>(value);
    case AttributeType::bytes: return std::string(value.string());
    case AttributeType::none: return std::string();
    case AttributeType::list:
    case AttributeType::map: break;
  }
  wire::TextScratch scratch;
  return std::string(wire::text_of(value, scratch));
}

ValueMap values_of(std::string_view entries) {
  ValueMap values;
  model::EntryRange range(entries);
  while (const auto entry = range.next()) {
    if (entry->head.kind == EntryKind::attribute) {
      values.insert_or_assign(std::string(entry->key()), value_of(entry->value()));
    }
  }
  return values;
}

/// Relative to the span's start where that is in ticks too, so that both agree to the nanosecond.
TimePoint event_time(const model::EventHead& event, const model::RecordHead& record,
                     TimePoint start) {
  const bool is_wall = event.time_is_wall != 0;
  const TickScale scale = TickCalibration::first();
  if (is_wall || (record.flags & model::record_flag::start_is_wall) != 0) {
    return model::wall_time(event.time, is_wall, is_wall ? scale : TickCalibration::refreshed());
  }
  return start + scale.between(record.start, event.time);
}

/// What spans and logs have in common.
template <class Recorded>
void set_origin(Recorded& recorded, const model::RecordHead& head, const LocalRecord& local) {
  recorded.trace_id = head.trace_id;
  recorded.span_id = head.span_id;
  recorded.scope_name = local.scope_name;
  recorded.scope_version = local.scope_version;
  recorded.dropped_attributes = head.dropped_attributes;
}

RecordedSpan span_of(const model::RecordView& record, const LocalRecord& local) {
  const model::RecordHead& head = record.head();
  RecordedSpan span;
  span.kind = static_cast<SpanKind>(head.kind);
  span.status = static_cast<StatusCode>(head.status);
  set_origin(span, head, local);
  span.parent_span_id = head.parent_span_id;
  span.start = local.start;
  span.end = local.end;
  span.sample_rate = head.sample_rate;
  span.dropped_events = head.dropped_events;
  span.dropped_links = head.dropped_links;
  model::EntryRange entries = record.entries();
  while (const auto entry = entries.next()) {
    switch (entry->head.kind) {
      case EntryKind::name: span.name = entry->text(); break;
      case EntryKind::operation_name: span.operation_name = entry->text(); break;
      case EntryKind::trace_state: span.trace_state = entry->text(); break;
      case EntryKind::status_description: span.status_description = entry->text(); break;
      case EntryKind::attribute:
        span.attributes.insert_or_assign(std::string(entry->key()), value_of(entry->value()));
        break;
      case EntryKind::event:
        if (const auto event = model::EventView::from(*entry)) {
          span.events.push_back({std::string(event->name),
                                 event_time(event->head, head, local.start),
                                 values_of(event->attributes)});
        }
        break;
      case EntryKind::link:
        if (const auto link = model::LinkView::from(*entry)) {
          span.links.push_back(
              {link->head.trace_id, link->head.span_id, values_of(link->attributes)});
        }
        break;
      default: break;
    }
  }
  if ((head.flags & model::record_flag::local_root) != 0) span.operation_name = span.name;
  return span;
}

RecordedLog log_of(const model::RecordView& record, const LocalRecord& local) {
  const model::RecordHead& head = record.head();
  RecordedLog log;
  log.severity = static_cast<Severity>(head.kind);
  set_origin(log, head, local);
  log.time = local.start;
  model::EntryRange entries = record.entries();
  while (const auto entry = entries.next()) {
    switch (entry->head.kind) {
      case EntryKind::body: log.body = value_of(entry->value()); break;
      case EntryKind::severity_text: log.severity_text = entry->text(); break;
      case EntryKind::event_name: log.event_name = entry->text(); break;
      case EntryKind::operation_name: log.operation_name = entry->text(); break;
      case EntryKind::attribute:
        log.attributes.insert_or_assign(std::string(entry->key()), value_of(entry->value()));
        break;
      default: break;
    }
  }
  return log;
}

std::vector<std::uint64_t> counts_of(const model::PackedCounts& packed) {
  std::vector<std::uint64_t> counts;
  for (std::uint32_t i = 0; i < packed.size(); ++i) counts.push_back(packed[i]);
  return counts;
}

void set_buckets(RecordedPoint& point, const model::MetricPointView& view) {
  if (view.explicit_buckets) {
    const model::PackedDoubles& bounds = view.explicit_buckets->bounds;
    for (std::uint32_t i = 0; i < bounds.size(); ++i) point.boundaries.push_back(bounds[i]);
    point.bucket_counts = counts_of(view.explicit_buckets->counts);
  }
  if (view.exponential_buckets) {
    point.bucket_counts = counts_of(view.exponential_buckets->positive);
    point.scale = view.exponential_buckets->head.scale;
    point.offset = view.exponential_buckets->head.positive_offset;
    point.zero_count = view.exponential_buckets->head.zero_count;
  }
}

RecordedExemplar exemplar_of(const model::ExemplarView& view) {
  return {.value = view.float64(),
          .trace_id = view.head.trace_id,
          .span_id = view.head.span_id,
          .attributes = values_of(view.attributes)};
}

RecordedPoint point_of(const model::MetricPointView& view, const LocalRecord& local) {
  const model::MetricHead& head = view.head;
  RecordedPoint point;
  point.name = view.name;
  point.unit = view.unit;
  point.description = view.description;
  point.kind = static_cast<MetricKind>(head.kind);
  point.scope_name = local.scope_name;
  point.scope_version = local.scope_version;
  point.start = local.start;
  point.time = local.end;
  point.cumulative = head.temporality == model::Temporality::cumulative;
  point.monotonic = head.has(model::metric_trait::monotonic);
  if (head.has(model::metric_trait::integer)) {
    point.value = head.int64();
  } else {
    point.value = head.float64();
  }
  point.count = head.count;
  point.min = head.min;
  point.max = head.max;
  set_buckets(point, view);
  model::EntryRange entries = view.entries();
  while (const auto entry = entries.next()) {
    if (entry->head.kind == EntryKind::attribute) {
      point.attributes.insert_or_assign(std::string(entry->key()), value_of(entry->value()));
    } else if (const auto exemplar = model::ExemplarView::from(*entry)) {
      point.exemplars.push_back(exemplar_of(*exemplar));
    }
  }
  return point;
}

}  // namespace

class InMemoryOutput::Sink final : public LocalSink {
public:
  void take(const LocalRecord& local) noexcept override {
    const auto record = model::RecordView::from(local.bytes);
    if (!record) return;
    const std::lock_guard lock(mutex_);
    if (record->head().type == model::RecordType::span) spans_.push_back(span_of(*record, local));
    if (record->head().type == model::RecordType::log) logs_.push_back(log_of(*record, local));
    if (const auto point = model::MetricPointView::from(*record)) {
      points_.push_back(point_of(*point, local));
    }
  }
  std::vector<RecordedSpan> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  std::vector<RecordedLog> logs() const {
    const std::lock_guard lock(mutex_);
    return logs_;
  }
  std::vector<RecordedPoint> points() const {
    const std::lock_guard lock(mutex_);
    return points_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    points_.clear();
    spans_.clear();
    logs_.clear();
  }

private:
  mutable std::mutex mutex_;
  std::vector<RecordedSpan> spans_;
  std::vector<RecordedLog> logs_;
  std::vector<RecordedPoint> points_;
};

InMemoryOutput::InMemoryOutput() : sink_(std::make_shared<Sink>()) {}
InMemoryOutput::~InMemoryOutput() = default;

LocalOutput InMemoryOutput::output() const {
  return {sink_};
}
std::vector<RecordedSpan> InMemoryOutput::spans() const {
  return sink_->spans();
}
std::vector<RecordedLog> InMemoryOutput::logs() const {
  return sink_->logs();
}
std::vector<RecordedPoint> InMemoryOutput::points() const {
  return sink_->points();
}
std::vector<RecordedPoint> InMemoryOutput::points(std::string_view name,
                                                  const ValueMap& attributes) const {
  std::vector<RecordedPoint> found = sink_->points();
  std::erase_if(found, [&](const RecordedPoint& point) {
    return point.name != name ||
           !std::all_of(attributes.begin(), attributes.end(), [&](const auto& wanted) {
             const auto at = point.attributes.find(wanted.first);
             return at != point.attributes.end() && at->second == wanted.second;
           });
  });
  return found;
}
void InMemoryOutput::clear() {
  sink_->clear();
}

RecordedSpan InMemoryOutput::span(std::string_view name) const {
  for (RecordedSpan& span : sink_->spans()) {
    if (span.name == name) return std::move(span);
  }
  return {};
}

}  // namespace posthaste::testing

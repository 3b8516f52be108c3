#include "runtime/wire/envelope_encoder.h"

#include "runtime/model/record_times.h"
#include "runtime/wire/log_data.h"
#include "runtime/wire/log_item.h"
#include "runtime/wire/metric_data.h"
#include "runtime/wire/span_data.h"
#include "runtime/wire/span_rules.h"
#include "runtime/wire/standard_metrics.h"

#include <new>

namespace posthaste::wire {
namespace {

using model::RecordHead;
using model::RecordType;

std::string make_constant_tags(const EncoderContext& context) {
  ByteBuffer out;
  append_constant_tags(context.resource, context.sdk_version, out);
  return std::string(out.view());
}

/// Of a span: what is so of its events as well. See standard_metrics.h.
bool is_measured(const RecordHead& head) noexcept {
  return static_cast<SpanKind>(head.kind) != SpanKind::internal;
}

bool has(const RecordHead& head, std::uint16_t flag) noexcept {
  return (head.flags & flag) != 0;
}

}  // namespace

std::string_view to_string(EncodeRefusal refusal) noexcept {
  switch (refusal) {
    case EncodeRefusal::none: return "none";
    case EncodeRefusal::damaged: return "damaged";
    case EncodeRefusal::not_finite: return "not_finite";
    case EncodeRefusal::too_large: return "too_large";
    case EncodeRefusal::out_of_memory: return "out_of_memory";
  }
  return "unknown";
}

EnvelopeEncoder::EnvelopeEncoder(EncoderContext context)
    : context_(std::move(context)),
      constant_tags_(make_constant_tags(context_)),
      device_(DeviceTags::of(context_.resource)),
      role_(cloud_role(context_.resource)),
      role_instance_(cloud_role_instance(context_.resource)) {
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    heads_[i] = ItemHead::of(static_cast<ItemType>(i), context_.instrumentation_key);
  }
}

EncodeResult EnvelopeEncoder::encode(const model::RecordView& record, ByteBuffer& out) noexcept {
  const std::size_t before = out.size();
  EncodeResult result{0, EncodeRefusal::out_of_memory};
  try {
    result = encode_record(record, out);
  } catch (const std::bad_alloc&) {
  }
  if (result.refused != EncodeRefusal::none) out.truncate(before);
  return result;
}

std::string_view EnvelopeEncoder::operation_name(const model::RecordView& root) {
  if (root.head().type != RecordType::span || !parts_.take(root)) return {};
  return map(root.head()).operation_name.value_or(parts_.text.name);
}

EncodeResult EnvelopeEncoder::encode_record(const model::RecordView& record, ByteBuffer& out) {
  const RecordHead& head = record.head();
  if (head.type == RecordType::metric_point) return encode_metric(record, out);
  if (!parts_.take(record)) return {0, EncodeRefusal::damaged};
  rate_ = find_sample_rate(parts_.seen, head.sample_rate) * part_;
  return head.type == RecordType::span ? encode_span(head, out) : encode_log(head, out);
}

template <class Write>
bool EnvelopeEncoder::write_fitting(ByteBuffer& out, Write&& write) {
  const std::size_t begin = out.size();
  TextLimits limits;
  for (std::size_t most = item_size_limit; most >= 32; most -= most / 4) {
    ItemWriter item(out, limits);
    write(item);
    if (out.size() - begin <= item_size_limit) return true;
    out.truncate(begin);
    limits = limits.capped(most - most / 4);
  }
  return false;
}

void EnvelopeEncoder::measure(SeenAttributes& seen) {
  measurements_.clear();
  if (!seen.has(Known::microsoft_custom_measurements)) return;
  measurements_.add(seen.value(Known::microsoft_custom_measurements), seen.scratch());
}

SpanFields EnvelopeEncoder::map(const RecordHead& head) {
  return map_span(span_facts(head, parts_, context_.tick_scale), parts_.seen);
}

void EnvelopeEncoder::write_span_properties(ItemWriter& item, ItemType type,
                                            const RecordHead& head) {
  PropertyWriter properties(item);
  if (!parts_.text.status_description.empty()) {
    properties.text(Known::otel_status_description, parts_.text.status_description, parts_.seen);
  }
  if (has(head, model::record_flag::interrupted)) {
    properties.text(Known::posthaste_interrupted, "true");
  }
  if ((head.dropped_attributes | head.dropped_events | head.dropped_links) != 0) {
    properties.count(Known::otel_dropped_attributes, head.dropped_attributes);
    properties.count(Known::otel_dropped_events, head.dropped_events);
    properties.count(Known::otel_dropped_links, head.dropped_links);
  }
  add_scope(head.scope, properties);
  if (is_measured(head)) mark_measured(type, properties);
  if (!parts_.links.empty()) properties.links(parts_.links);
  parts_.seen.carried(never_properties_of_spans);
  properties.attributes(parts_.seen, never_properties, PropertyWriter::Null::left_out);
  properties.close();
}

bool EnvelopeEncoder::write_span(const RecordHead& head, ByteBuffer& out) {
  const SpanFields fields = map(head);
  const auto kind = static_cast<SpanKind>(head.kind);
  const bool request = kind == SpanKind::server || kind == SpanKind::consumer;
  const ItemType type = request ? ItemType::request : ItemType::dependency;
  const WallTime start = model::start_of(head, context_.tick_scale);
  const std::chrono::nanoseconds duration = model::duration_of(head, context_.tick_scale);
  const ClientIp ip = kind == SpanKind::server ? ClientIp::of_connection : ClientIp::if_given;
  measure(parts_.seen);
  if (fields.time_since_enqueued) {
    measurements_.set("timeSinceEnqueued", *fields.time_since_enqueued);
  }
  tags_.clear();
  ItemWriter tags(tags_, {});
  write_shared_tags(tags, fields.operation_name, ip, parts_.seen);
  shared_tags_ = tags_.size();
  write_own_tags(tags, device_, parts_.seen);
  return write_fitting(out, [&](ItemWriter& item) {
    item.begin(head_of(type), rate_);
    request ? write_request_data(item, fields) : write_dependency_data(item, fields);
    write_span_properties(item, type, head);
    measurements_.write(item);
    write_duration_and_id(item, duration, head.span_id);
    item.end(start, times_, {head.trace_id, head.parent_span_id}, constant_tags_, tags_.view());
  });
}

bool EnvelopeEncoder::write_event(const RecordHead& head, const model::EventView& event,
                                  ByteBuffer& out) {
  parts_.scratch.clear();
  event_seen_.clear();
  model::EntryRange attributes(event.attributes);
  while (const auto entry = attributes.next()) {
    if (entry->head.kind == model::EntryKind::attribute) event_seen_.add(*entry);
  }
  measure(event_seen_);
  const bool exception = event.name == "exception";
  const ItemType type = exception ? ItemType::exception : ItemType::message;
  const WallTime time =
      model::wall_time(event.head.time, event.head.time_is_wall != 0, context_.tick_scale);
  const auto session = session_of(parts_.seen);
  tags_.truncate(shared_tags_);
  ItemWriter tags(tags_, {});
  write_event_tags(tags, device_, session, event_seen_);
  return write_fitting(out, [&](ItemWriter& item) {
    item.begin(head_of(type), rate_);
    if (exception) {
      write_exception_data(item, ExceptionFields::of(event_seen_, {}), {}, parts_.scratch);
    } else {
      write_message_data(item, event.name, {});
    }
    PropertyWriter properties(item);
    properties.count(Known::otel_dropped_attributes, event.head.dropped_attributes);
    add_scope(head.scope, properties);
    if (is_measured(head)) mark_measured(type, properties);
    event_seen_.carried(never_properties_of_events);
    properties.attributes(event_seen_, never_properties, PropertyWriter::Null::left_out);
    properties.close();
    measurements_.write(item);
    item.end(time, times_, {head.trace_id, head.span_id}, constant_tags_, tags_.view());
  });
}

EncodeResult EnvelopeEncoder::encode_span(const RecordHead& head, ByteBuffer& out) {
  EncodeResult result;
  if (!write_span(head, out)) return {0, EncodeRefusal::too_large};
  ++result.items;
  for (const model::EventView& event : parts_.events) {
    if (!write_event(head, event, out)) return {0, EncodeRefusal::too_large};
    ++result.items;
  }
  return result;
}

EncodeResult EnvelopeEncoder::encode_log(const RecordHead& head, ByteBuffer& out) {
  const bool timed = head.start != 0;
  const WallTime time =
      timed ? model::start_of(head, context_.tick_scale) : model::end_of(head, context_.tick_scale);
  SeenAttributes& seen = parts_.seen;
  measure(seen);
  const LogItem log = LogItem::of(parts_, head.kind, measurements_);
  tags_.clear();
  ItemWriter tags(tags_, {});
  write_shared_tags(tags, log.operation_name, ClientIp::of_client, seen);
  write_own_tags(tags, device_, seen);
  const bool fits = write_fitting(out, [&](ItemWriter& item) {
    item.begin(head_of(log.type), rate_);
    PropertyWriter properties(item);
    log.write_data(item, parts_, properties);
    properties.text(Known::event_name, parts_.text.event_name, seen);
    properties.count(Known::otel_dropped_attributes, head.dropped_attributes);
    add_scope(head.scope, properties);
    mark_measured(log.type, properties);
    properties.attributes(seen, never_properties, PropertyWriter::Null::text);
    properties.close();
    measurements_.write(item);
    item.end(time, times_, {head.trace_id, head.span_id}, constant_tags_, tags_.view());
  });
  if (!fits) return {0, EncodeRefusal::too_large};
  return {1, EncodeRefusal::none};
}

EncodeResult EnvelopeEncoder::encode_metric(const model::RecordView& record, ByteBuffer& out) {
  const auto point = model::MetricPointView::from(record);
  if (!point) return {0, EncodeRefusal::damaged};
  if (!has_finite_value(point->head)) return {0, EncodeRefusal::not_finite};
  parts_.scratch.clear();
  const bool ended = point->head.end != 0;
  const WallTime time = ended ? model::end_of(record.head(), context_.tick_scale)
                              : model::start_of(record.head(), context_.tick_scale);
  const Scope meter = context_.scope_of ? context_.scope_of(point->head.scope) : Scope{};
  tags_.clear();
  ItemWriter tags(tags_, {});
  write_device_tags(tags, device_);
  const bool fits = write_fitting(out, [&](ItemWriter& item) {
    item.begin(head_of(ItemType::metric), 100);
    write_metric_data(item, *point, meter.name);
    PropertyWriter properties(item);
    add_scope(point->head.scope, properties);
    if (context_.standard_dimensions && meter.name == standard_meter) {
      add_standard_dimensions(point->name, properties);
    }
    properties.all(point->entries(), parts_.scratch);
    properties.close();
    item.end(time, times_, {}, constant_tags_, tags_.view());
  });
  if (!fits) return {0, EncodeRefusal::too_large};
  return {1, EncodeRefusal::none};
}

void EnvelopeEncoder::mark_measured(ItemType type, PropertyWriter& properties) const {
  if (!context_.marks_measured) return;
  properties.text(Known::ms_metric_extractors, extractor_mark(type));
}

void EnvelopeEncoder::add_standard_dimensions(std::string_view metric,
                                              PropertyWriter& properties) const {
  properties.constant(dimension::metric_id, metric);
  properties.constant(dimension::is_autocollected, "True");
  properties.constant(dimension::role_name, role_);
  properties.constant(dimension::role_instance, role_instance_);
}

void EnvelopeEncoder::add_scope(std::uint16_t scope, PropertyWriter& properties) const {
  if (!context_.include_scope || !context_.scope_of) return;
  const Scope found = context_.scope_of(scope);
  properties.text(Known::otel_scope_name, found.name);
  properties.text(Known::otel_scope_version, found.version);
}

}  // namespace posthaste::wire

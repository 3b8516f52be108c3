#include "runtime/wire/envelope_encoder.h"

#include "runtime/wire/log_data.h"
#include "runtime/wire/properties.h"
#include "runtime/wire/span_data.h"
#include "runtime/wire/span_rules.h"

#include <new>

namespace posthaste::wire {
namespace {

using model::EntryKind;
using model::RecordHead;
using model::RecordType;

/// `{"ver":1,"name":"...","iKey":"...","tags":{` and the constant tags.
std::string make_head(ItemType type, const EncoderContext& context) {
  ByteBuffer out;
  JsonWriter json(out);
  json.raw(R"({"ver":1,"name":"Microsoft.ApplicationInsights.)");
  json.raw(envelope_name(type));
  json.raw(R"(","iKey":)");
  json.quoted(context.instrumentation_key);
  json.raw(R"(,"tags":{)");
  append_constant_tags(context.resource, context.sdk_version, out);
  return std::string(out.view());
}

bool has(const RecordHead& head, std::uint16_t flag) noexcept {
  return (head.flags & flag) != 0;
}

}  // namespace

std::string_view to_string(EncodeRefusal refusal) noexcept {
  switch (refusal) {
    case EncodeRefusal::none: return "none";
    case EncodeRefusal::damaged: return "damaged";
    case EncodeRefusal::not_an_item: return "not_an_item";
    case EncodeRefusal::too_large: return "too_large";
    case EncodeRefusal::out_of_memory: return "out_of_memory";
  }
  return "unknown";
}

EnvelopeEncoder::EnvelopeEncoder(EncoderContext context)
    : context_(std::move(context)), device_(DeviceTags::of(context_.resource)) {
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    heads_[i] = make_head(static_cast<ItemType>(i), context_);
  }
}

EncodeResult EnvelopeEncoder::encode(const model::RecordView& record, ByteBuffer& out) noexcept {
  const std::size_t before = out.size();
  EncodeResult result{0, EncodeRefusal::not_an_item};
  try {
    const RecordHead& head = record.head();
    if (head.type == RecordType::metric_point) return result;
    if (!walk(record)) return {0, EncodeRefusal::damaged};
    rate_ = find_sample_rate(seen_, head.sample_rate);
    result = head.type == RecordType::span ? encode_span(head, out) : encode_log(head, out);
  } catch (const std::bad_alloc&) {
    result = {0, EncodeRefusal::out_of_memory};
  }
  if (result.refused != EncodeRefusal::none) out.truncate(before);
  return result;
}

std::string_view EnvelopeEncoder::operation_name(const model::RecordView& root) {
  if (root.head().type != RecordType::span || !walk(root)) return {};
  return map(root.head()).operation_name.value_or(walked_.name);
}

bool EnvelopeEncoder::walk(const model::RecordView& record) {
  scratch_.clear();
  seen_.clear();
  events_.clear();
  links_.clear();
  walked_ = {};
  model::EntryRange entries = record.entries();
  while (const auto entry = entries.next()) {
    switch (entry->head.kind) {
      case EntryKind::attribute: seen_.add(*entry); break;
      case EntryKind::name: walked_.name = entry->text(); break;
      case EntryKind::operation_name: walked_.operation_name = entry->text(); break;
      case EntryKind::status_description: walked_.status_description = entry->text(); break;
      case EntryKind::severity_text: walked_.severity_text = entry->text(); break;
      case EntryKind::event_name: walked_.event_name = entry->text(); break;
      case EntryKind::body: walked_.body = entry->value(); break;
      case EntryKind::trace_state: break;
      case EntryKind::event: {
        const auto event = model::EventView::from(*entry);
        if (!event) return false;
        events_.push_back(*event);
        break;
      }
      case EntryKind::link: {
        const auto link = model::LinkView::from(*entry);
        if (!link) return false;
        links_.push_back(*link);
        break;
      }
      default: return false;
    }
  }
  return !entries.damaged();
}

WallTime EnvelopeEncoder::wall_of(std::uint64_t time, bool is_wall) const noexcept {
  if (!is_wall) return context_.tick_scale.to_wall(time);
  return WallTime{std::chrono::nanoseconds{static_cast<std::int64_t>(time)}};
}

std::chrono::nanoseconds EnvelopeEncoder::duration_of(const RecordHead& head) const noexcept {
  const bool start_is_wall = has(head, model::record_flag::start_is_wall);
  const bool end_is_wall = has(head, model::record_flag::end_is_wall);
  if (!start_is_wall && !end_is_wall) return context_.tick_scale.between(head.start, head.end);
  const auto start = wall_of(head.start, start_is_wall).time_since_epoch().count();
  const auto end = wall_of(head.end, end_is_wall).time_since_epoch().count();
  if (end <= start) return std::chrono::nanoseconds{0};
  // Times before 1970 and far after may be further apart than a duration can say.
  const auto apart = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(start);
  return std::chrono::nanoseconds{
      static_cast<std::int64_t>(std::min<std::uint64_t>(apart, INT64_MAX))};
}

template <class Write>
bool EnvelopeEncoder::write_fitting(ByteBuffer& out, Write&& write) {
  const std::size_t begin = out.size();
  TextLimits limits;
  for (std::size_t most = 24'576; most >= 32; most -= most / 4) {
    ItemWriter item(out, limits);
    write(item);
    if (out.size() - begin <= item_size_limit) return true;
    out.truncate(begin);
    limits = limits.capped(most);
  }
  return false;
}

SpanFields EnvelopeEncoder::map(const RecordHead& head) {
  SpanFacts facts;
  facts.kind = static_cast<SpanKind>(head.kind);
  facts.status = static_cast<StatusCode>(head.status);
  facts.has_parent = head.parent_span_id.is_valid();
  facts.interrupted = has(head, model::record_flag::interrupted);
  facts.name = walked_.name;
  facts.inherited_operation_name = walked_.operation_name;
  facts.start = wall_of(head.start, has(head, model::record_flag::start_is_wall));
  facts.links = links_;
  return map_span(facts, seen_);
}

bool EnvelopeEncoder::write_span(const RecordHead& head, ByteBuffer& out, SharedTags& shared) {
  const SpanFields fields = map(head);
  const auto kind = static_cast<SpanKind>(head.kind);
  const bool request = kind == SpanKind::server || kind == SpanKind::consumer;
  const ItemType type = request ? ItemType::request : ItemType::dependency;
  const WallTime start = wall_of(head.start, has(head, model::record_flag::start_is_wall));
  return write_fitting(out, [&](ItemWriter& item) {
    item.begin(head_of(type));
    item.operation(head.trace_id, head.parent_span_id);
    shared.begin = out.size();
    write_shared_tags(item, fields.operation_name, kind == SpanKind::server, seen_);
    shared.end = out.size();
    write_own_tags(item, device_, seen_);
    item.begin_data(type, start, rate_, times_);
    if (request) {
      write_request_data(item, head.span_id, duration_of(head), fields);
    } else {
      write_dependency_data(item, head.span_id, duration_of(head), fields);
    }
    PropertyWriter properties(item);
    properties.text(Known::otel_status_description, walked_.status_description);
    if (has(head, model::record_flag::interrupted)) {
      properties.text(Known::posthaste_interrupted, "true");
    }
    properties.count(Known::otel_dropped_attributes, head.dropped_attributes);
    properties.count(Known::otel_dropped_events, head.dropped_events);
    properties.count(Known::otel_dropped_links, head.dropped_links);
    add_scope(head.scope, properties);
    properties.links(links_);
    properties.attributes(seen_);
    properties.close();
    write_measurements(item, fields);
    item.end();
  });
}

bool EnvelopeEncoder::write_event(const RecordHead& head, const model::EventView& event,
                                  const SharedTags& shared, ByteBuffer& out) {
  scratch_.clear();
  event_seen_.clear();
  model::EntryRange attributes(event.attributes);
  while (const auto entry = attributes.next()) {
    if (entry->head.kind == EntryKind::attribute) event_seen_.add(*entry);
  }
  const bool exception = event.name == "exception";
  const ItemType type = exception ? ItemType::exception : ItemType::message;
  const WallTime time = wall_of(event.head.time, event.head.time_is_wall != 0);
  const std::string_view session = session_of(seen_);
  return write_fitting(out, [&](ItemWriter& item) {
    item.begin(head_of(type));
    item.operation(head.trace_id, head.span_id);
    // Room first: the source of the copy lies in the same buffer.
    out.room(shared.end - shared.begin);
    out.append(out.view().substr(shared.begin, shared.end - shared.begin));
    write_event_tags(item, device_, session, event_seen_);
    item.begin_data(type, time, rate_, times_);
    if (exception) {
      write_exception_data(item, ExceptionFields::of(event_seen_, {}), {});
    } else {
      write_message_data(item, event.name, {});
    }
    PropertyWriter properties(item);
    properties.count(Known::otel_dropped_attributes, event.head.dropped_attributes);
    add_scope(head.scope, properties);
    properties.attributes(event_seen_);
    properties.close();
    item.end();
  });
}

EncodeResult EnvelopeEncoder::encode_span(const RecordHead& head, ByteBuffer& out) {
  EncodeResult result;
  SharedTags shared;
  if (!write_span(head, out, shared)) return {0, EncodeRefusal::too_large};
  ++result.items;
  for (const model::EventView& event : events_) {
    if (!write_event(head, event, shared, out)) return {0, EncodeRefusal::too_large};
    ++result.items;
  }
  return result;
}

void EnvelopeEncoder::write_log_data(ItemWriter& item, ItemType type, std::uint8_t severity) {
  const std::string_view level = severity_level(severity, walked_.severity_text);
  const std::string_view body =
      walked_.body ? text_of(*walked_.body, scratch_) : std::string_view();
  PropertyWriter properties(item);
  if (type == ItemType::exception) {
    const ExceptionFields fields = ExceptionFields::of(seen_, body);
    write_exception_data(item, fields, level);
    if (fields.message != body) properties.text(Known::log_body, body);
  } else if (type == ItemType::event) {
    write_event_data(item, seen_.text<Known::microsoft_custom_event_name>());
    properties.text(Known::log_body, body);
  } else {
    write_message_data(item, body.empty() ? std::string_view("n/a") : body, level);
  }
  properties.text(Known::event_name, walked_.event_name);
  properties.attributes(seen_);
  properties.close();
}

EncodeResult EnvelopeEncoder::encode_log(const RecordHead& head, ByteBuffer& out) {
  const ItemType type = item_of_log(seen_);
  const bool timed = head.start != 0;
  const std::uint16_t wall =
      timed ? model::record_flag::start_is_wall : model::record_flag::end_is_wall;
  const WallTime time = wall_of(timed ? head.start : head.end, has(head, wall));
  const bool fits = write_fitting(out, [&](ItemWriter& item) {
    std::optional<std::string_view> operation = walked_.operation_name;
    const auto given = seen_.first_of<Known::microsoft_operation_name, Known::ai_operation_name>();
    if (given) operation = seen_.text(given);
    if (operation->empty()) operation.reset();
    item.begin(head_of(type));
    item.operation(head.trace_id, head.span_id);
    write_shared_tags(item, operation, true, seen_);
    write_own_tags(item, device_, seen_);
    item.begin_data(type, time, rate_, times_);
    write_log_data(item, type, head.kind);
    item.end();
  });
  if (!fits) return {0, EncodeRefusal::too_large};
  return {1, EncodeRefusal::none};
}

void EnvelopeEncoder::add_scope(std::uint16_t scope, PropertyWriter& properties) const {
  if (!context_.include_scope || !context_.scope_of) return;
  const Scope found = context_.scope_of(scope);
  properties.text(Known::otel_scope_name, found.name);
  properties.text(Known::otel_scope_version, found.version);
}

}  // namespace posthaste::wire

#include "runtime/wire/otlp_json.h"

#include "runtime/wire/base64.h"
#include "runtime/wire/otlp_items.h"
#include "runtime/wire/otlp_json_fields.h"

#include <array>
#include <charconv>
#include <cmath>

namespace posthaste::wire {
namespace {

using model::EntryKind;
using model::EntryRange;
using model::EntryView;
using model::RecordHead;
using model::ValueView;

void put(JsonWriter& json, bool value) {
  json.raw(R"({"boolValue":)");
  json.boolean(value);
  json.raw("}");
}
void put(JsonWriter& json, std::int64_t value) {
  json.raw(R"({"intValue":)");
  OtlpJsonFields(json.out()).int64_value(value);
  json.raw("}");
}
void put(JsonWriter& json, double value) {
  json.raw(R"({"doubleValue":)");
  OtlpJsonFields(json.out()).float64_value(value);
  json.raw("}");
}
void put(JsonWriter& json, std::string_view text) {
  json.raw(R"({"stringValue":)");
  json.quoted(text);
  json.raw("}");
}

void put_pair(JsonWriter& json, const EntryView& attribute, int depth) {
  json.raw(R"({"key":)");
  json.quoted(attribute.key());
  json.raw(R"(,"value":)");
  append_otlp_json_value(json, attribute.value(), depth);
  json.raw("}");
}

void put_list(JsonWriter& json, const ValueView& value, int depth) {
  const bool map = value.type() == AttributeType::map;
  EntryRange entries = value.entries();
  bool first = true;
  while (const auto entry = entries.next()) {
    if (!first) json.raw(",");
    first = false;
    if (map) {
      put_pair(json, *entry, depth + 1);
    } else {
      append_otlp_json_value(json, entry->value(), depth + 1);
    }
  }
}

/// What an item says that was not recorded as an attribute.
struct MadeUp {
  double sample_rate = 100;
  bool interrupted = false;
};

void append_attributes(ByteBuffer& out, std::string_view entries, MadeUp made_up) {
  JsonWriter json(out);
  json.raw("[");
  bool first = true;
  bool rate_said = false;
  const auto comma = [&] {
    if (!first) json.raw(",");
    first = false;
  };
  EntryRange range(entries);
  while (const auto entry = range.next()) {
    if (entry->head.kind != EntryKind::attribute) continue;
    comma();
    put_pair(json, *entry, 0);
    rate_said |= entry->key() == sample_rate_key;
  }
  if (!rate_said && made_up.sample_rate > 0 && made_up.sample_rate < 100) {
    comma();
    json.raw(R"({"key":"microsoft.sample_rate","value":)");
    put(json, made_up.sample_rate);
    json.raw("}");
  }
  if (made_up.interrupted) {
    comma();
    json.raw(R"({"key":"posthaste.interrupted","value":{"boolValue":true}})");
  }
  json.raw("]");
}

std::string_view entries_of(const model::RecordView& record) noexcept {
  const auto bytes = record.bytes().subspan(sizeof(RecordHead));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void put_event(OtlpJsonFields& fields, const model::EventView& event, const TickScale& scale) {
  fields.begin();
  fields.word("timeUnixNano", otlp_time(event.head.time, event.head.time_is_wall != 0, scale));
  fields.text_if_any("name", event.name);
  fields.key("attributes");
  append_otlp_json_attributes(fields.json().out(), event.attributes);
  fields.number_if_any("droppedAttributesCount", event.head.dropped_attributes);
  fields.end();
}

void put_link(OtlpJsonFields& fields, const model::LinkView& link) {
  fields.begin();
  fields.id("traceId", link.head.trace_id);
  fields.id("spanId", link.head.span_id);
  fields.text_if_any("traceState", link.trace_state);
  fields.key("attributes");
  append_otlp_json_attributes(fields.json().out(), link.attributes);
  fields.number_if_any("droppedAttributesCount", link.head.dropped_attributes);
  fields.number("flags", link.head.trace_flags);
  fields.end();
}

/// Events or links, as the elements of an array; false where one makes no sense.
bool put_all(OtlpJsonFields& fields, const model::RecordView& record, EntryKind kind,
             const TickScale& scale) {
  EntryRange entries = record.entries();
  bool first = true;
  while (const auto entry = entries.next()) {
    if (entry->head.kind != kind) continue;
    if (!first) fields.json().raw(",");
    first = false;
    if (kind == EntryKind::event) {
      const auto event = model::EventView::from(*entry);
      if (!event) return false;
      put_event(fields, *event, scale);
    } else {
      const auto link = model::LinkView::from(*entry);
      if (!link) return false;
      put_link(fields, *link);
    }
  }
  return true;
}

struct Texts {
  std::string_view name, trace_state, status_description, severity_text, event_name;
  std::optional<ValueView> body;
  std::string_view scope_attributes;
};

/// False where the record's bytes make no sense.
bool take(const model::RecordView& record, bool span, Texts& texts) {
  EntryRange entries = record.entries();
  while (const auto entry = entries.next()) {
    switch (entry->head.kind) {
      case EntryKind::attribute:
      case EntryKind::operation_name: break;
      case EntryKind::name: texts.name = entry->text(); break;
      case EntryKind::trace_state: texts.trace_state = entry->text(); break;
      case EntryKind::status_description: texts.status_description = entry->text(); break;
      case EntryKind::severity_text: texts.severity_text = entry->text(); break;
      case EntryKind::event_name: texts.event_name = entry->text(); break;
      case EntryKind::body: texts.body = entry->value(); break;
      case EntryKind::scope_attributes: texts.scope_attributes = entry->payload; break;
      case EntryKind::event:
      case EntryKind::link:
        if (!span) return false;
        break;
      default: return false;
    }
  }
  return !entries.damaged();
}

bool has(const RecordHead& head, std::uint16_t flag) noexcept {
  return (head.flags & flag) != 0;
}

void put_status(OtlpJsonFields& fields, std::uint8_t code, std::string_view message) {
  if (code == 0 && message.empty()) return;
  fields.key("status");
  fields.begin();
  fields.text_if_any("message", message);
  fields.number_if_any("code", code);
  fields.end();
  fields.set_first(false);
}

}  // namespace

void OtlpJsonFields::word_value(std::uint64_t value) {
  char* const at = json_.out().room(32);
  *at = '"';
  char* const end = std::to_chars(at + 1, at + 31, value).ptr;
  *end = '"';
  json_.out().end_at(end + 1);
}

void OtlpJsonFields::int64_value(std::int64_t value) {
  char* const at = json_.out().room(32);
  *at = '"';
  char* const end = std::to_chars(at + 1, at + 31, value).ptr;
  *end = '"';
  json_.out().end_at(end + 1);
}

void OtlpJsonFields::float64_value(double value) {
  if (std::isnan(value)) return json_.raw(R"("NaN")");
  if (std::isinf(value))
    return value < 0 ? json_.raw(R"("-Infinity")") : json_.raw(R"("Infinity")");
  if (value == 0 && std::signbit(value)) return json_.raw("-0.0");
  json_.number(value);
}

void append_otlp_json_value(JsonWriter& json, const ValueView& value, int depth) {
  switch (value.type()) {
    case AttributeType::string: return put(json, value.string());
    case AttributeType::boolean: return put(json, value.boolean());
    case AttributeType::int64: return put(json, value.int64());
    case AttributeType::float64: return put(json, value.float64());
    case AttributeType::bytes:
      json.raw(R"({"bytesValue":")");
      append_base64(value.string(), json.out());
      return json.raw("\"}");
    case AttributeType::none: return json.raw("{}");
    default: break;
  }
  const bool nested = value.type() == AttributeType::list || value.type() == AttributeType::map;
  if (nested && depth >= model::nesting_limit) return json.raw("{}");
  if (value.type() == AttributeType::map) {
    json.raw(R"({"kvlistValue":{"values":[)");
  } else {
    json.raw(R"({"arrayValue":{"values":[)");
  }
  if (nested) {
    put_list(json, value, depth);
  } else {
    bool first = true;
    value.for_each_element([&](auto element) {
      if (!first) json.raw(",");
      first = false;
      put(json, element);
    });
  }
  json.raw("]}}");
}

void append_otlp_json_attributes(ByteBuffer& out, std::string_view entries) {
  append_attributes(out, entries, {});
}

bool append_otlp_json_span(ByteBuffer& out, const model::RecordView& record, const TickScale& scale,
                           SamplingHash hash, std::string_view& scope_attributes) {
  const RecordHead& head = record.head();
  Texts texts;
  if (!take(record, true, texts)) return false;
  scope_attributes = texts.scope_attributes;
  std::array<char, model::most_trace_state_bytes> rated;
  if (is_otlp_sampled(head)) {
    texts.trace_state = otlp_trace_state(head, texts.trace_state, hash, rated);
  }
  OtlpJsonFields fields(out);
  fields.begin();
  fields.id("traceId", head.trace_id);
  fields.id("spanId", head.span_id);
  if (head.parent_span_id.is_valid()) fields.id("parentSpanId", head.parent_span_id);
  fields.text_if_any("traceState", texts.trace_state);
  fields.number("flags", otlp_flags_of(head));
  fields.text("name", texts.name);
  fields.number_if_any("kind", head.kind);
  fields.word("startTimeUnixNano",
              otlp_time(head.start, has(head, model::record_flag::start_is_wall), scale));
  fields.word("endTimeUnixNano",
              otlp_time(head.end, has(head, model::record_flag::end_is_wall), scale));
  fields.key("attributes");
  append_attributes(out, entries_of(record),
                    {head.sample_rate, has(head, model::record_flag::interrupted)});
  fields.number_if_any("droppedAttributesCount", head.dropped_attributes);
  fields.key("events");
  fields.json().raw("[");
  if (!put_all(fields, record, EntryKind::event, scale)) return false;
  fields.json().raw("]");
  fields.set_first(false);
  fields.number_if_any("droppedEventsCount", head.dropped_events);
  fields.key("links");
  fields.json().raw("[");
  if (!put_all(fields, record, EntryKind::link, scale)) return false;
  fields.json().raw("]");
  fields.set_first(false);
  fields.number_if_any("droppedLinksCount", head.dropped_links);
  put_status(fields, head.status, texts.status_description);
  fields.end();
  return true;
}

bool append_otlp_json_log(ByteBuffer& out, const model::RecordView& record, const TickScale& scale,
                          std::string_view& scope_attributes) {
  const RecordHead& head = record.head();
  Texts texts;
  if (!take(record, false, texts)) return false;
  scope_attributes = texts.scope_attributes;
  const auto time = [&](std::uint64_t value, std::uint16_t wall) {
    return value == 0 ? 0 : otlp_time(value, has(head, wall), scale);
  };
  OtlpJsonFields fields(out);
  fields.begin();
  fields.word("timeUnixNano", time(head.start, model::record_flag::start_is_wall));
  fields.word("observedTimeUnixNano", time(head.end, model::record_flag::end_is_wall));
  fields.number_if_any("severityNumber", head.kind);
  fields.text_if_any("severityText", texts.severity_text);
  fields.text_if_any("eventName", texts.event_name);
  if (texts.body) {
    fields.key("body");
    append_otlp_json_value(fields.json(), *texts.body);
  }
  fields.key("attributes");
  append_attributes(out, entries_of(record), {head.sample_rate, false});
  fields.number_if_any("droppedAttributesCount", head.dropped_attributes);
  fields.number_if_any("flags", head.trace_flags);
  if (head.trace_id.is_valid()) fields.id("traceId", head.trace_id);
  if (head.span_id.is_valid()) fields.id("spanId", head.span_id);
  fields.end();
  return true;
}

void append_otlp_json_scope(ByteBuffer& out, const Scope& scope, std::string_view attributes) {
  OtlpJsonFields fields(out);
  fields.key("scope");
  fields.begin();
  fields.text("name", scope.name);
  fields.text_if_any("version", scope.version);
  if (!attributes.empty()) {
    fields.key("attributes");
    append_otlp_json_attributes(out, attributes);
  }
  fields.end();
  fields.set_first(false);
  fields.text_if_any("schemaUrl", scope.schema_url);
}

void append_otlp_json_metric(ByteBuffer& out, const model::MetricPointView& point) {
  OtlpJsonFields fields(out);
  fields.text("name", point.name);
  fields.text_if_any("description", point.description);
  fields.text_if_any("unit", point.unit);
  if (point.metadata.empty()) return;
  fields.key("metadata");
  append_otlp_json_attributes(out, point.metadata);
}

}  // namespace posthaste::wire

#include "runtime/wire/otlp_items.h"

#include "runtime/wire/otlp_usual_attributes.h"
#include "runtime/wire/otlp_values.h"
#include "runtime/wire/protobuf_writer.h"

#include <array>
#include <cstring>

namespace posthaste::wire {
namespace {

namespace pb = protobuf;
using model::EntryKind;
using model::EntryView;
using model::RecordHead;

constexpr std::uint32_t has_is_remote = 0x100;
constexpr std::uint32_t is_remote = 0x200;

/// Of known size, so that it is a few stores.
template <class Id>
[[gnu::always_inline]] inline char* put_id(char* at, std::uint32_t field, const Id& id) noexcept {
  at = pb::put_head(at, field, sizeof id.bytes);
  std::memcpy(at, id.bytes.data(), sizeof id.bytes);
  return at + sizeof id.bytes;
}

bool has(const RecordHead& head, std::uint16_t flag) noexcept {
  return (head.flags & flag) != 0;
}

char* put_time(char* at, std::uint32_t field, std::uint64_t time) noexcept {
  return time == 0 ? at : pb::put_fixed64(at, field, time);
}

/// What an attribute that is not in the record takes: tag, length, key and a value of `value` bytes.
char* put_made_up(char* at, std::uint32_t field, std::string_view key, std::size_t value) noexcept {
  at = pb::put_head(at, field, pb::field_size(key.size()) + pb::field_size(value));
  return pb::put_head(pb::put_text(at, 1, key), 2, value);
}

char* put_sample_rate(char* at, std::uint32_t field, double rate) noexcept {
  return pb::put_float64(put_made_up(at, field, sample_rate_key, 9), 4, rate);
}

// ---- spans

/// Fields of Span; `flags` is the only one of them that takes two bytes.
namespace span_field {
constexpr std::uint32_t trace_id = 1, span_id = 2, trace_state = 3, parent_span_id = 4, name = 5,
                        kind = 6, start = 7, end = 8, attribute = 9, dropped_attributes = 10,
                        event = 11, dropped_events = 12, link = 13, dropped_links = 14, status = 15,
                        flags = 16;
}

char* put_event(char* at, const model::EventView& event, const TickScale& scale) noexcept {
  const std::size_t attributes = otlp_attributes_size(event.attributes);
  const std::uint32_t dropped = event.head.dropped_attributes;
  const std::size_t dropped_size = dropped == 0 ? 0 : 1 + pb::varint_size(dropped);
  at = pb::put_head(at, span_field::event,
                    9 + pb::text_size_if_any(event.name) + attributes + dropped_size);
  at = pb::put_fixed64(at, 1, otlp_time(event.head.time, event.head.time_is_wall != 0, scale));
  at = pb::put_text_if_any(at, 2, event.name);
  at = put_otlp_attributes(at, 3, event.attributes);
  return pb::put_number(at, 4, dropped);
}

char* put_link(char* at, const model::LinkView& link) noexcept {
  const std::size_t attributes = otlp_attributes_size(link.attributes);
  const std::uint32_t dropped = link.head.dropped_attributes;
  const std::size_t dropped_size = dropped == 0 ? 0 : 1 + pb::varint_size(dropped);
  at = pb::put_head(at, span_field::link,
                    pb::field_size(16) + pb::field_size(8) +
                        pb::text_size_if_any(link.trace_state) + attributes + dropped_size + 5);
  at = put_id(at, 1, link.head.trace_id);
  at = put_id(at, 2, link.head.span_id);
  at = pb::put_text_if_any(at, 3, link.trace_state);
  at = put_otlp_attributes(at, 4, link.attributes);
  at = pb::put_number(at, 5, dropped);
  return pb::put_fixed32(at, 6, link.head.trace_flags);
}

char* put_status(char* at, std::uint8_t code, std::string_view message) noexcept {
  const std::size_t code_size = code == 0 ? 0 : 1 + pb::varint_size(code);
  at = pb::put_head(at, span_field::status, pb::text_size_if_any(message) + code_size);
  return pb::put_number(pb::put_text_if_any(at, 2, message), 3, code);
}

char* put_trace_state(char* at, const RecordHead& head, std::string_view recorded,
                      SamplingHash hash) noexcept {
  std::array<char, model::most_trace_state_bytes> buffer;
  return pb::put_text_if_any(at, span_field::trace_state,
                             otlp_trace_state(head, recorded, hash, buffer));
}

[[gnu::always_inline]] inline char* put_span_head(char* at, const RecordHead& head,
                                                  const TickScale& scale) noexcept {
  at = put_id(at, span_field::trace_id, head.trace_id);
  at = put_id(at, span_field::span_id, head.span_id);
  if (head.parent_span_id.is_valid()) {
    at = put_id(at, span_field::parent_span_id, head.parent_span_id);
  }
  at = pb::put_fixed32(at, span_field::flags, otlp_flags_of(head));
  at = pb::put_number(at, span_field::kind, head.kind);
  const bool wall_start = has(head, model::record_flag::start_is_wall);
  const bool wall_end = has(head, model::record_flag::end_is_wall);
  at = put_time(at, span_field::start, otlp_time(head.start, wall_start, scale));
  at = put_time(at, span_field::end, otlp_time(head.end, wall_end, scale));
  at = pb::put_number(at, span_field::dropped_attributes, head.dropped_attributes);
  at = pb::put_number(at, span_field::dropped_events, head.dropped_events);
  return pb::put_number(at, span_field::dropped_links, head.dropped_links);
}

/// Null where an entry makes no sense.
char* put_span_entry(char* at, const EntryView& entry, const TickScale& scale) noexcept {
  switch (entry.head.kind) {
    case EntryKind::name: return pb::put_text(at, span_field::name, entry.text());
    case EntryKind::trace_state: return pb::put_text(at, span_field::trace_state, entry.text());
    case EntryKind::event: {
      const auto event = model::EventView::from(entry);
      return event ? put_event(at, *event, scale) : nullptr;
    }
    case EntryKind::link: {
      const auto link = model::LinkView::from(entry);
      return link ? put_link(at, *link) : nullptr;
    }
    default: return nullptr;
  }
}

/// Of the usual entries (otlp_usual_attributes.h) those that are no attributes.
struct UsualSpanTexts {
  [[gnu::always_inline]] char* operator()(char* at, EntryKind kind, std::string_view text,
                                          CopiedTexts& texts) const noexcept {
    if (kind == EntryKind::operation_name) return at;  // Application Insights' alone
    if (kind != EntryKind::name || text.empty()) return nullptr;
    at = pb::put_short_head(at, span_field::name, text.size());
    texts.copy_begin(at, text.data(), text.size());
    return at + text.size();
  }
};

// ---- logs

namespace log_field {
constexpr std::uint32_t time = 1, severity_number = 2, severity_text = 3, body = 5, attribute = 6,
                        dropped_attributes = 7, flags = 8, trace_id = 9, span_id = 10,
                        observed_time = 11, event_name = 12;
}

struct UsualLogTexts {
  [[gnu::always_inline]] char* operator()(char* at, EntryKind kind, std::string_view,
                                          CopiedTexts&) const noexcept {
    return kind == EntryKind::operation_name ? at : nullptr;
  }
};

char* put_log_entry(char* at, const EntryView& entry) noexcept {
  switch (entry.head.kind) {
    case EntryKind::severity_text: return pb::put_text(at, log_field::severity_text, entry.text());
    case EntryKind::event_name: return pb::put_text(at, log_field::event_name, entry.text());
    case EntryKind::body: {
      const std::size_t size = otlp_value_size(entry.value());
      return put_otlp_value(pb::put_head(at, log_field::body, size), entry.value());
    }
    case EntryKind::operation_name: return at;
    default: return nullptr;
  }
}

char* put_log_head(char* at, const RecordHead& head, const TickScale& scale) noexcept {
  const auto time = [&](std::uint64_t value, std::uint16_t wall) {
    return value == 0 ? 0 : otlp_time(value, has(head, wall), scale);
  };
  at = put_time(at, log_field::time, time(head.start, model::record_flag::start_is_wall));
  at = put_time(at, log_field::observed_time, time(head.end, model::record_flag::end_is_wall));
  at = pb::put_number(at, log_field::severity_number, head.kind);
  at = pb::put_number(at, log_field::dropped_attributes, head.dropped_attributes);
  if (head.trace_flags != 0) at = pb::put_fixed32(at, log_field::flags, head.trace_flags);
  if (head.trace_id.is_valid()) at = put_id(at, log_field::trace_id, head.trace_id);
  if (head.span_id.is_valid()) at = put_id(at, log_field::span_id, head.span_id);
  return at;
}

/// Unless an attribute tells the rate.
bool tells_rate(const model::RecordView& record) noexcept {
  return is_otlp_sampled(record.head()) && !record.attribute(sample_rate_key);
}

/// Null where the record makes no sense. Without `texts` each text is looked at by itself.
[[gnu::always_inline]] inline char* put_span(char* at, const model::RecordView& record,
                                             const TickScale& scale, SamplingHash hash,
                                             std::string_view& scope_attributes,
                                             CopiedTexts* texts) noexcept {
  const RecordHead& head = record.head();
  at = put_span_head(at, head, scale);
  std::string_view status, trace_state;
  const bool sampled = is_otlp_sampled(head);
  model::EntryRange entries = record.entries();
  for (;;) {
    if (texts != nullptr) {
      at = put_usual_entries(at, span_field::attribute, entries, *texts, UsualSpanTexts{});
    }
    EntryView entry;
    if (!entries.next(entry)) break;
    const EntryView other = entry;  // so that what is written here needs no place in memory
    if (entry.head.kind == EntryKind::operation_name) continue;  // Application Insights' alone
    if (entry.head.kind == EntryKind::attribute) {
      at = put_any_otlp_attribute(at, span_field::attribute, other, 0);
    } else if (entry.head.kind == EntryKind::status_description) {
      status = entry.text();
    } else if (entry.head.kind == EntryKind::scope_attributes) {
      scope_attributes = entry.payload;
    } else if (entry.head.kind == EntryKind::trace_state && sampled) {
      trace_state = entry.text();
    } else {
      at = put_span_entry(at, other, scale);
      if (at == nullptr) return nullptr;
    }
  }
  if (entries.damaged()) return nullptr;
  if (tells_rate(record)) at = put_sample_rate(at, span_field::attribute, head.sample_rate);
  if (sampled) at = put_trace_state(at, head, trace_state, hash);
  if (has(head, model::record_flag::interrupted)) {
    at = pb::put_number(put_made_up(at, span_field::attribute, interrupted_key, 2), 2, 1);
  }
  if (head.status == 0 && status.empty()) return at;
  return put_status(at, head.status, status);
}

/// The same of a log.
[[gnu::always_inline]] inline char* put_log(char* at, const model::RecordView& record,
                                            const TickScale& scale,
                                            std::string_view& scope_attributes,
                                            CopiedTexts* texts) noexcept {
  const RecordHead& head = record.head();
  at = put_log_head(at, head, scale);
  model::EntryRange entries = record.entries();
  for (;;) {
    if (texts != nullptr) {
      at = put_usual_entries(at, log_field::attribute, entries, *texts, UsualLogTexts{});
    }
    const auto entry = entries.next();
    if (!entry) break;
    if (entry->head.kind == EntryKind::attribute) {
      at = put_any_otlp_attribute(at, log_field::attribute, *entry, 0);
    } else if (entry->head.kind == EntryKind::scope_attributes) {
      scope_attributes = entry->payload;
    } else {
      at = put_log_entry(at, *entry);
      if (at == nullptr) return nullptr;
    }
  }
  if (entries.damaged()) return nullptr;
  return tells_rate(record) ? put_sample_rate(at, log_field::attribute, head.sample_rate) : at;
}

}  // namespace

std::uint32_t otlp_flags_of(const RecordHead& span) noexcept {
  return span.trace_flags | has_is_remote |
         (has(span, model::record_flag::parent_remote) ? is_remote : 0);
}

bool is_otlp_sampled(const RecordHead& head) noexcept {
  return head.sample_rate > 0 && head.sample_rate < 100;
}

std::string_view otlp_trace_state(const RecordHead& span, std::string_view recorded,
                                  SamplingHash hash,
                                  std::span<char, model::most_trace_state_bytes> buffer) noexcept {
  const double percent = span.sample_rate;
  return model::with_rate(
      recorded,
      {.percent = percent, .randomness = model::randomness_of(span.trace_id, hash, percent)},
      buffer);
}

char* put_otlp_span(char* at, const model::RecordView& record, const TickScale& scale,
                    SamplingHash hash, std::string_view& scope_attributes) noexcept {
  CopiedTexts texts;
  char* const end = put_span(at, record, scale, hash, scope_attributes, &texts);
  if (texts.all_ascii()) [[likely]]
    return end;
  return put_span(at, record, scale, hash, scope_attributes, nullptr);
}

char* put_otlp_log(char* at, const model::RecordView& record, const TickScale& scale,
                   std::string_view& scope_attributes) noexcept {
  CopiedTexts texts;
  char* const end = put_log(at, record, scale, scope_attributes, &texts);
  if (texts.all_ascii()) [[likely]]
    return end;
  return put_log(at, record, scale, scope_attributes, nullptr);
}

}  // namespace posthaste::wire

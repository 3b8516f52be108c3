#include "runtime/wire/log_item.h"

#include "runtime/wire/legacy_log.h"
#include "runtime/wire/log_data.h"

namespace posthaste::wire {
namespace {

using enum Known;

/// Whether a body says nothing beside its measurements.
bool only_measures(const model::ValueView& body) {
  model::EntryRange entries = body.entries();
  while (const auto entry = entries.next()) {
    if (entry->key() != "measurements") return false;
  }
  return body.type() == AttributeType::map;
}

std::optional<std::string_view> operation_of(RecordParts& parts) {
  const auto given = parts.seen.first_of<microsoft_operation_name, ai_operation_name>();
  if (given) return parts.seen.text(given);
  if (parts.text.operation_name.empty()) return std::nullopt;
  return parts.text.operation_name;
}

}  // namespace

LogItem LogItem::of(RecordParts& parts, std::uint8_t severity, Measurements& measurements) {
  LogItem log;
  SeenAttributes& seen = parts.seen;
  log.type = item_of_log(seen);
  log.operation_name = operation_of(parts);
  log.level = severity_level(severity, parts.text.severity_text);
  if (log.type == ItemType::message && seen.has(ms_base_type)) {
    if (const auto type = item_of_legacy_log(seen.text<ms_base_type>(), parts.body)) {
      log.type = *type;
      log.legacy = true;
    }
  }
  if (!parts.body || parts.body->type() == AttributeType::none) return log;
  const bool measures = log.legacy || log.type == ItemType::event;
  const auto measured = measures ? member_of(*parts.body, "measurements") : std::nullopt;
  if (measured) measurements.add(*measured, parts.scratch);
  if (log.legacy) return log;
  log.body = text_of(*parts.body, parts.scratch, TextLimits{}.message);
  log.is_body_kept = !(measured && only_measures(*parts.body));
  return log;
}

void LogItem::write_data(ItemWriter& item, RecordParts& parts, PropertyWriter& properties) const {
  SeenAttributes& seen = parts.seen;
  if (legacy) return write_legacy_data(item, type, *parts.body, parts.scratch);
  std::string_view carried = body;
  switch (type) {
    case ItemType::exception: {
      const ExceptionFields fields = ExceptionFields::of(seen, body);
      write_exception_data(item, fields, level, parts.scratch);
      carried = fields.message;
      break;
    }
    case ItemType::event:
      write_event_data(item, seen.text<microsoft_custom_event_name>());
      carried = {};
      break;
    case ItemType::availability: {
      const AvailabilityFields fields = AvailabilityFields::of(seen, body);
      write_availability_data(item, fields);
      carried = fields.message;
      break;
    }
    default: write_message_data(item, body.empty() ? std::string_view("n/a") : body, level);
  }
  if (is_body_kept && carried != body) properties.text(log_body, body, seen);
}

}  // namespace posthaste::wire

#pragma once

/// What a log becomes: its type of item, and the fields of it, found once before anything is
/// written. Between record_parts.h and log_data.h. Pure; belongs to the encoding of one record.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/measurements.h"
#include "runtime/wire/properties.h"
#include "runtime/wire/record_parts.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace posthaste::wire {

struct LogItem {
  ItemType type = ItemType::message;
  bool legacy = false;        // the body is the item's base data
  std::string_view level;     // severity
  std::string_view body;      // as text
  bool is_body_kept = false;  // its text is a property where no field carries it
  std::optional<std::string_view> operation_name;

  /// `severity` is OpenTelemetry's number. A body that measures adds to `measurements`.
  static LogItem of(RecordParts& parts, std::uint8_t severity, Measurements& measurements);

  /// The fields of the base data; and the body as a property where they do not carry it.
  void write_data(ItemWriter& item, RecordParts& parts, PropertyWriter& properties) const;
};

}  // namespace posthaste::wire

#pragma once

/// The base data of logs and of span events: MessageData, ExceptionData, EventData,
/// AvailabilityData. Each writes all fields but the properties. Threads: none.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/seen_attributes.h"

#include <optional>
#include <string_view>

namespace posthaste::wire {

/// `Verbose`, `Information`, `Warning`, `Error` or `Critical` by OpenTelemetry's number 1 to 24,
/// by the text where there is no number; empty when neither says anything.
std::string_view severity_level(std::uint8_t number, std::string_view text) noexcept;
/// The level that has the number 0 to 4 in Application Insights; empty for others.
std::string_view level_of(std::int64_t number) noexcept;
/// Writes `,"severityLevel":"..."` unless empty.
void write_level(ItemWriter& item, std::string_view level);

/// "true" in any case.
bool is_true(std::string_view text) noexcept;

/// Which item a log becomes by its attributes. Any exception.* attribute makes an exception, but
/// that a custom event or an availability result needs both type and stack trace to be one.
ItemType item_of_log(SeenAttributes& seen);

/// `level` may be empty, as in those below.
void write_message_data(ItemWriter& item, std::string_view message, std::string_view level);

/// What an exception's attributes say; marks them as carried. `fallback` is the message where there
/// is none, before the type.
struct ExceptionFields {
  std::string_view type;
  std::string_view message;
  std::optional<std::string_view> stack;
  std::optional<model::ValueView> causes;  // a list of maps: nested exceptions

  static ExceptionFields of(SeenAttributes& seen, std::string_view fallback);
};
void write_exception_data(ItemWriter& item, const ExceptionFields& fields, std::string_view level,
                          TextScratch& scratch);

void write_event_data(ItemWriter& item, std::string_view name);

struct AvailabilityFields {
  std::string_view id;
  std::string_view name;
  std::string_view duration;
  bool success = false;
  std::string_view location;
  std::string_view message;

  /// Of the attributes microsoft.availability.*; the body where there is no message.
  static AvailabilityFields of(SeenAttributes& seen, std::string_view body);
};
void write_availability_data(ItemWriter& item, const AvailabilityFields& fields);

}  // namespace posthaste::wire

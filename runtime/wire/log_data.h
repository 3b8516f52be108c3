#pragma once

/// The base data of logs and of span events: MessageData, ExceptionData, EventData. Each writes all
/// fields but the properties. Threads: none.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/seen_attributes.h"

#include <optional>
#include <string_view>

namespace posthaste::wire {

/// `Verbose`, `Information`, `Warning`, `Error` or `Critical` by OpenTelemetry's number 1 to 24,
/// else by the text; empty when neither says anything.
std::string_view severity_level(std::uint8_t number, std::string_view text) noexcept;

/// Which item a log becomes. Any exception.* attribute makes an exception, but that a custom event
/// needs both type and stack trace to be one.
ItemType item_of_log(const SeenAttributes& seen) noexcept;

/// `level` may be empty, as in those below.
void write_message_data(ItemWriter& item, std::string_view message, std::string_view level);

/// What an exception's attributes say; marks them as carried. `fallback` is the message where there
/// is none, before the type.
struct ExceptionFields {
  std::string_view type;
  std::string_view message;
  std::optional<std::string_view> stack;

  static ExceptionFields of(SeenAttributes& seen, std::string_view fallback);
};
void write_exception_data(ItemWriter& item, const ExceptionFields& fields, std::string_view level);

void write_event_data(ItemWriter& item, std::string_view name);

}  // namespace posthaste::wire

#include "runtime/wire/log_data.h"

#include <algorithm>
#include <array>
#include <utility>

namespace posthaste::wire {
namespace {

using enum Known;

constexpr std::array<std::string_view, 5> levels{"Verbose", "Information", "Warning", "Error",
                                                 "Critical"};

constexpr std::array<std::pair<std::string_view, std::size_t>, 17> level_names{{
    {"trace", 0},
    {"debug", 0},
    {"verbose", 0},
    {"info", 1},
    {"information", 1},
    {"informational", 1},
    {"notice", 1},
    {"warn", 2},
    {"warning", 2},
    {"error", 3},
    {"err", 3},
    {"severe", 3},
    {"fatal", 4},
    {"critical", 4},
    {"crit", 4},
    {"alert", 4},
    {"emergency", 4},
}};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_word(std::string_view text, std::string_view word) noexcept {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](char a, char b) { return lower(a) == b; });
}

void write_level(ItemWriter& item, std::string_view level) {
  item.tag(R"(,"severityLevel":")", level, limit::code);
}

}  // namespace

std::string_view severity_level(std::uint8_t number, std::string_view text) noexcept {
  if (number >= 1 && number <= 24) return levels[number <= 8 ? 0 : (number - 1) / 4 - 1];
  // "WARN2" and the like are the second of four steps.
  if (!text.empty() && text.back() >= '2' && text.back() <= '4') text.remove_suffix(1);
  for (const auto& [name, level] : level_names) {
    if (is_word(text, name)) return levels[level];
  }
  return {};
}

ItemType item_of_log(const SeenAttributes& seen) noexcept {
  constexpr KnownSet exception{exception_type, exception_message, exception_stacktrace};
  const bool whole = seen.has(exception_type) && seen.has(exception_stacktrace);
  const bool named = seen.first_of<microsoft_custom_event_name>().has_value();
  if (whole || (seen.has_any(exception) && !named)) return ItemType::exception;
  return named ? ItemType::event : ItemType::message;
}

void write_message_data(ItemWriter& item, std::string_view message, std::string_view level) {
  item.field(R"(,"message":")", message, item.limits().message);
  write_level(item, level);
}

ExceptionFields ExceptionFields::of(SeenAttributes& seen, std::string_view fallback) {
  ExceptionFields fields;
  fields.type = seen.carry<exception_type>();
  fields.message = seen.carry<exception_message>();
  if (seen.has(exception_stacktrace)) fields.stack = seen.carry(exception_stacktrace);
  if (fields.message.empty()) fields.message = fallback;
  if (fields.message.empty()) fields.message = fields.type;
  if (fields.type.empty()) fields.type = "Exception";
  if (fields.message.empty()) fields.message = "Exception";
  return fields;
}

void write_exception_data(ItemWriter& item, const ExceptionFields& fields, std::string_view level) {
  item.field(R"(,"exceptions":[{"typeName":")", fields.type, limit::name);
  item.field(R"(,"message":")", fields.message, item.limits().message);
  if (fields.stack.value_or("").empty()) {
    item.json().raw(R"(,"hasFullStack":false)");
  } else {
    item.json().raw(R"(,"hasFullStack":true)");
  }
  if (fields.stack) item.field(R"(,"stack":")", *fields.stack, item.limits().stack);
  item.json().raw("}]");
  write_level(item, level);
}

void write_event_data(ItemWriter& item, std::string_view name) {
  item.field(R"(,"name":")", name, limit::event_name);
}

}  // namespace posthaste::wire

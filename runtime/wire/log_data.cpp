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

/// Ids tell which exception is inside of which; the outermost has no outer one.
void write_details(ItemWriter& item, const ExceptionFields& fields, int id) {
  item.json().raw(id == 1 ? std::string_view("{") : std::string_view(",{"));
  if (id > 1 || fields.causes) {
    item.json().raw(R"("id":)");
    item.json().integer(id);
    if (id > 1) {
      item.json().raw(R"(,"outerId":)");
      item.json().integer(id - 1);
    }
    item.json().raw(",");
  }
  item.field(R"("typeName":")", fields.type, limit::name);
  item.field(R"(,"message":")", fields.message, item.limits().message);
  if (fields.stack.value_or("").empty()) {
    item.json().raw(R"(,"hasFullStack":false)");
  } else {
    item.json().raw(R"(,"hasFullStack":true)");
  }
  if (fields.stack) item.field(R"(,"stack":")", *fields.stack, item.limits().stack);
  item.json().raw("}");
}

/// As much as the service takes in one item.
constexpr int most_exceptions = 10;

void write_causes(ItemWriter& item, const model::ValueView& causes, TextScratch& scratch) {
  model::EntryRange entries = causes.entries();
  for (int id = 2; id <= most_exceptions; ++id) {
    const auto entry = entries.next();
    if (!entry) return;
    ExceptionFields fields;
    model::EntryRange members = entry->value().entries();
    while (const auto member = members.next()) {
      const std::string_view text = text_of(member->value(), scratch);
      if (member->key() == key_of(exception_type)) fields.type = text;
      if (member->key() == key_of(exception_message)) fields.message = text;
      if (member->key() == key_of(exception_stacktrace)) fields.stack = text;
    }
    if (fields.message.empty()) fields.message = fields.type;
    if (fields.type.empty()) fields.type = "Exception";
    if (fields.message.empty()) fields.message = "Exception";
    write_details(item, fields, id);
  }
}

bool is_whole_availability(SeenAttributes& seen) {
  constexpr Known needed[] = {microsoft_availability_name, microsoft_availability_id,
                              microsoft_availability_duration, microsoft_availability_success};
  return !seen.first_of<ms_base_type>() &&
         std::all_of(std::begin(needed), std::end(needed), [&](Known key) {
           return !seen.text(key).empty();  // a 0 is an id too
         });
}

}  // namespace

void write_level(ItemWriter& item, std::string_view level) {
  item.tag(R"(,"severityLevel":")", level, limit::code);
}

std::string_view level_of(std::int64_t number) noexcept {
  const bool known = number >= 0 && number < static_cast<std::int64_t>(levels.size());
  return known ? levels[static_cast<std::size_t>(number)] : std::string_view();
}

bool is_true(std::string_view text) noexcept {
  return is_word(text, "true");
}

std::string_view severity_level(std::uint8_t number, std::string_view text) noexcept {
  if (number >= 1 && number <= 24) return levels[number <= 8 ? 0 : (number - 1) / 4 - 1];
  if (number != 0) return {};
  // "WARN2" and the like are the second of four steps.
  if (!text.empty() && text.back() >= '2' && text.back() <= '4') text.remove_suffix(1);
  for (const auto& [name, level] : level_names) {
    if (is_word(text, name)) return levels[level];
  }
  return {};
}

ItemType item_of_log(SeenAttributes& seen) {
  constexpr KnownSet exception{exception_type, exception_message, exception_stacktrace};
  constexpr KnownSet named{microsoft_custom_event_name, microsoft_availability_name};
  if (!seen.has_any(exception) && !seen.has_any(named)) return ItemType::message;
  if (seen.first_of<exception_type>() && seen.first_of<exception_stacktrace>()) {
    return ItemType::exception;
  }
  if (seen.first_of<microsoft_custom_event_name>()) return ItemType::event;
  if (is_whole_availability(seen)) return ItemType::availability;
  return seen.has_any(exception) ? ItemType::exception : ItemType::message;
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
  if (seen.has(exception_causes) && seen.value(exception_causes).type() == AttributeType::list) {
    seen.carried(exception_causes);
    fields.causes = seen.value(exception_causes);
  }
  if (fields.message.empty()) fields.message = fallback;
  if (fields.message.empty()) fields.message = fields.type;
  if (fields.type.empty()) fields.type = "Exception";
  if (fields.message.empty()) fields.message = "Exception";
  return fields;
}

void write_exception_data(ItemWriter& item, const ExceptionFields& fields, std::string_view level,
                          TextScratch& scratch) {
  item.json().raw(R"(,"exceptions":[)");
  write_details(item, fields, 1);
  if (fields.causes) write_causes(item, *fields.causes, scratch);
  item.json().raw("]");
  write_level(item, level);
}

void write_event_data(ItemWriter& item, std::string_view name) {
  item.field(R"(,"name":")", name, limit::event_name);
}

AvailabilityFields AvailabilityFields::of(SeenAttributes& seen, std::string_view body) {
  AvailabilityFields fields;
  fields.id = seen.text(microsoft_availability_id);
  fields.name = seen.text(microsoft_availability_name);
  fields.duration = seen.text(microsoft_availability_duration);
  fields.success = is_true(seen.text(microsoft_availability_success));
  fields.location = seen.text(microsoft_availability_location);
  fields.message = seen.text(microsoft_availability_message);
  if (fields.message.empty()) fields.message = body;
  return fields;
}

void write_availability_data(ItemWriter& item, const AvailabilityFields& fields) {
  item.field(R"(,"id":")", fields.id, limit::id);
  item.field(R"(,"name":")", fields.name, limit::name);
  item.field(R"(,"duration":")", fields.duration, limit::duration);
  item.success(fields.success);
  item.tag(R"(,"runLocation":")", fields.location, limit::name);
  item.tag(R"(,"message":")", fields.message, item.limits().data);
}

}  // namespace posthaste::wire

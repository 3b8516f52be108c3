#include "runtime/wire/legacy_log.h"

#include "runtime/wire/log_data.h"

#include <array>
#include <utility>

namespace posthaste::wire {
namespace {

constexpr std::array<std::pair<std::string_view, ItemType>, 5> legacy_types{{
    {"AvailabilityData", ItemType::availability},
    {"EventData", ItemType::event},
    {"ExceptionData", ItemType::exception},
    {"MessageData", ItemType::message},
    {"PageViewData", ItemType::page_view},
}};

/// Reads the fields of a map and writes those that are there.
class Fields {
public:
  Fields(ItemWriter& item, const model::ValueView& map, TextScratch& scratch) noexcept
      : item_(item), map_(map), scratch_(scratch) {}

  std::string_view text(std::string_view key) const {
    const auto value = member_of(map_, key);
    return value && value->type() != AttributeType::none ? text_of(*value, scratch_)
                                                         : std::string_view();
  }
  template <std::size_t N>
  void text(std::string_view key, const char (&field)[N], std::size_t most) const {
    if (member_of(map_, key)) item_.field(field, text(key), most);
  }
  template <std::size_t N>
  void integer(std::string_view key, const char (&field)[N]) const {
    const auto value = member_of(map_, key);
    if (!value || value->type() != AttributeType::int64) return;
    item_.json().raw(field);
    item_.json().integer(value->int64());
  }
  bool flag(std::string_view key) const { return is_true(text(key)); }
  /// By name, or by the number that older versions have.
  void severity() const {
    const auto value = member_of(map_, "severityLevel");
    if (!value) return;
    if (value->type() == AttributeType::int64) {
      return write_level(item_, level_of(value->int64()));
    }
    write_level(item_, text_of(*value, scratch_));
  }

private:
  ItemWriter& item_;
  const model::ValueView& map_;
  TextScratch& scratch_;
};

void write_frames(ItemWriter& item, const model::ValueView& frames, TextScratch& scratch) {
  item.json().raw(R"(,"parsedStack":[)");
  model::EntryRange entries = frames.entries();
  for (bool first = true; const auto entry = entries.next(); first = false) {
    item.json().raw(first ? std::string_view("{") : std::string_view(",{"));
    const model::ValueView frame = entry->value();
    const auto level = member_of(frame, "level");
    item.json().raw(R"("level":)");
    item.json().integer(level && level->type() == AttributeType::int64 ? level->int64() : 0);
    const Fields fields(item, frame, scratch);
    fields.text("method", R"(,"method":")", limit::name);
    fields.text("assembly", R"(,"assembly":")", limit::name);
    fields.text("fileName", R"(,"fileName":")", limit::name);
    fields.integer("line", R"(,"line":)");
    item.json().raw("}");
  }
  item.json().raw("]");
}

void write_exceptions(ItemWriter& item, const model::ValueView& exceptions, TextScratch& scratch) {
  item.json().raw(R"(,"exceptions":[)");
  model::EntryRange entries = exceptions.entries();
  for (bool first = true; const auto entry = entries.next(); first = false) {
    const model::ValueView details = entry->value();
    const Fields fields(item, details, scratch);
    const std::string_view type = fields.text("typeName");
    item.json().raw(first ? std::string_view("{") : std::string_view(",{"));
    item.field(R"("typeName":")", type.empty() ? std::string_view("Exception") : type, limit::name);
    fields.text("message", R"(,"message":")", item.limits().message);
    if (member_of(details, "hasFullStack")) {
      item.json().raw(R"(,"hasFullStack":)");
      item.json().boolean(fields.flag("hasFullStack"));
    }
    fields.integer("id", R"(,"id":)");
    fields.integer("outerId", R"(,"outerId":)");
    fields.text("stack", R"(,"stack":")", item.limits().stack);
    const auto frames = member_of(details, "parsedStack");
    if (frames && frames->type() == AttributeType::list) write_frames(item, *frames, scratch);
    item.json().raw("}");
  }
  item.json().raw("]");
}

bool has_all(const model::ValueView& body, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const auto value = member_of(body, key);
    if (!value || value->type() == AttributeType::none) return false;
  }
  return true;
}

/// Without these the service refuses the item.
bool is_whole(ItemType type, const model::ValueView& body) {
  switch (type) {
    case ItemType::availability: return has_all(body, {"id", "name", "duration", "success"});
    case ItemType::event: return has_all(body, {"name"});
    case ItemType::page_view: return has_all(body, {"name"});
    case ItemType::message: return has_all(body, {"message"});
    case ItemType::exception: {
      const auto exceptions = member_of(body, "exceptions");
      if (!exceptions || exceptions->type() != AttributeType::list) return false;
      model::EntryRange entries = exceptions->entries();
      const auto first = entries.next();
      return first && first->value().type() == AttributeType::map;
    }
    default: return false;
  }
}

}  // namespace

std::optional<model::ValueView> member_of(const model::ValueView& map, std::string_view key) {
  if (map.type() != AttributeType::map) return std::nullopt;
  std::optional<model::ValueView> found;
  model::EntryRange entries = map.entries();
  while (const auto entry = entries.next()) {
    if (entry->key() == key) found = entry->value();
  }
  return found;
}

std::optional<ItemType> item_of_legacy_log(std::string_view base_type,
                                           const std::optional<model::ValueView>& body) {
  if (!body || body->type() != AttributeType::map) return std::nullopt;
  for (const auto& [name, type] : legacy_types) {
    if (name == base_type && is_whole(type, *body)) return type;
  }
  return std::nullopt;
}

void write_legacy_data(ItemWriter& item, ItemType type, const model::ValueView& body,
                       TextScratch& scratch) {
  const Fields fields(item, body, scratch);
  switch (type) {
    case ItemType::availability:
      return write_availability_data(
          item, {fields.text("id"), fields.text("name"), fields.text("duration"),
                 fields.flag("success"), fields.text("runLocation"), fields.text("message")});
    case ItemType::event: return fields.text("name", R"(,"name":")", limit::event_name);
    case ItemType::page_view:
      fields.text("id", R"(,"id":")", limit::id);
      fields.text("name", R"(,"name":")", limit::page_name);
      fields.text("url", R"(,"url":")", limit::url);
      fields.text("duration", R"(,"duration":")", limit::duration);
      fields.text("referrerUri", R"(,"referrerUri":")", limit::url);
      return fields.text("referredUri", R"(,"referredUri":")", limit::url);
    case ItemType::exception:
      write_exceptions(item, *member_of(body, "exceptions"), scratch);
      fields.severity();
      return fields.text("problemId", R"(,"problemId":")", limit::name);
    default:
      fields.text("message", R"(,"message":")", item.limits().message);
      return fields.severity();
  }
}

}  // namespace posthaste::wire

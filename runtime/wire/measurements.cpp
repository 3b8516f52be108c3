#include "runtime/wire/measurements.h"

#include "runtime/wire/json_cursor.h"

#include <algorithm>
#include <cmath>

namespace posthaste::wire {
namespace {

/// So that a hostile map cannot make the search for equal names long.
constexpr std::size_t most_measurements = 1'000;

}  // namespace

void Measurements::put(std::string_view name, double value, std::size_t kept) {
  name = cut_units(name, limit::property_key);
  if (name.empty() || !std::isfinite(value)) return;
  const auto found = std::find_if(measured_.begin(), measured_.end(),
                                  [name](const Measured& each) { return each.name == name; });
  if (found == measured_.end()) {
    if (measured_.size() < most_measurements) measured_.push_back({name, value});
  } else if (static_cast<std::size_t>(found - measured_.begin()) >= kept) {
    found->value = value;
  }
}

void Measurements::set(std::string_view name, double value) {
  put(name, value, 0);
}

void Measurements::add(const model::ValueView& value, TextScratch& scratch) {
  const std::size_t kept = measured_.size();
  if (value.type() == AttributeType::string) return add_json(value.string(), kept, scratch);
  if (value.type() != AttributeType::map) return;
  model::EntryRange entries = value.entries();
  while (const auto entry = entries.next()) {
    const model::ValueView number = entry->value();
    if (number.type() == AttributeType::int64) {
      put(entry->key(), static_cast<double>(number.int64()), kept);
    } else if (number.type() == AttributeType::float64) {
      put(entry->key(), number.float64(), kept);
    }
  }
}

void Measurements::add_json(std::string_view text, std::size_t kept, TextScratch& scratch) {
  JsonCursor whole(text);
  if (!whole.skip() || !whole.at_end()) return;  // nothing of what is no JSON
  JsonCursor json(text);
  json.object(
      [&](std::string_view name) {
        std::optional<double> number;
        if (!json.number_or_skip(number)) return false;
        if (number) put(scratch.join({name}), *number, kept);
        return true;
      },
      4 * limit::property_key);
}

void Measurements::write(ItemWriter& item) const {
  if (measured_.empty()) return;
  item.json().raw(R"(,"measurements":{)");
  for (const Measured& each : measured_) {
    if (&each != measured_.data()) item.json().raw(",");
    item.json().quoted(each.name);
    item.json().raw(":");
    item.json().number(each.value);
  }
  item.json().raw("}");
}

}  // namespace posthaste::wire

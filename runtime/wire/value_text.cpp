#include "runtime/wire/value_text.h"

#include "runtime/wire/json_writer.h"

#include <cmath>

namespace posthaste::wire {
namespace {

using posthaste::AttributeType;

void write_element(JsonWriter& json, std::string_view text) {
  json.quoted(text);
}
void write_element(JsonWriter& json, bool value) {
  json.boolean(value);
}
void write_element(JsonWriter& json, std::int64_t value) {
  json.integer(value);
}
void write_element(JsonWriter& json, double value) {
  json.number(value);
}

}  // namespace

void append_array_text(const model::ValueView& array, std::size_t most, ByteBuffer& out) {
  const std::size_t begin = out.size();
  JsonWriter json(out);
  json.raw("[");
  bool full = false;
  array.for_each_element([&](auto element) {
    if (full) return;
    const std::size_t before = out.size();
    if (before != begin + 1) json.raw(",");
    write_element(json, element);
    full = out.size() - begin + 1 > most;
    if (full) out.truncate(before);
  });
  json.raw("]");
}

std::string_view text_of_other(const model::ValueView& value, TextScratch& scratch) {
  switch (value.type()) {
    case AttributeType::boolean: return value.boolean() ? "true" : "false";
    case AttributeType::int64: return scratch.integer(value.int64());
    case AttributeType::float64: return scratch.number(value.float64());
    default: break;
  }
  ByteBuffer text;
  append_array_text(value, 8'192, text);
  return scratch.join({text.view()});
}

bool is_truthy_other(const model::ValueView& value) noexcept {
  switch (value.type()) {
    case AttributeType::boolean: return value.boolean();
    case AttributeType::int64: return value.int64() != 0;
    case AttributeType::float64: return value.float64() != 0 && !std::isnan(value.float64());
    default: return true;
  }
}

}  // namespace posthaste::wire

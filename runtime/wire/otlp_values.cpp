#include "runtime/wire/otlp_values.h"

#include <type_traits>

namespace posthaste::wire {
namespace {

using model::EntryView;
using model::ValueView;
namespace pb = protobuf;

// Fields of AnyValue, ArrayValue, KeyValueList and KeyValue.
constexpr std::uint32_t string_field = 1;
constexpr std::uint32_t boolean_field = 2;
constexpr std::uint32_t int64_field = 3;
constexpr std::uint32_t float64_field = 4;
constexpr std::uint32_t array_field = 5;
constexpr std::uint32_t map_field = 6;
constexpr std::uint32_t bytes_field = 7;
constexpr std::uint32_t element_field = 1;
constexpr std::uint32_t key_field = 1;
constexpr std::uint32_t value_field = 2;

std::size_t size_of(bool) noexcept {
  return 2;
}
std::size_t size_of(std::int64_t value) noexcept {
  return 1 + pb::varint_size(static_cast<std::uint64_t>(value));
}
std::size_t size_of(double) noexcept {
  return 9;
}
std::size_t size_of(std::string_view text) noexcept {
  return pb::field_size(text.size());
}

char* put(char* at, bool value) noexcept {
  return pb::put_varint(pb::put_tag(at, boolean_field, pb::WireType::varint), value ? 1 : 0);
}
char* put(char* at, std::int64_t value) noexcept {
  return pb::put_varint(pb::put_tag(at, int64_field, pb::WireType::varint),
                        static_cast<std::uint64_t>(value));
}
char* put(char* at, double value) noexcept {
  return pb::put_float64(at, float64_field, value);
}
char* put(char* at, std::string_view text) noexcept {
  return pb::put_text(at, string_field, text);
}

std::size_t elements_size(const ValueView& value) noexcept {
  std::size_t size = 0;
  value.for_each_element([&](auto element) { size += pb::field_size(size_of(element)); });
  return size;
}

char* put_elements(char* at, const ValueView& value) noexcept {
  value.for_each_element(
      [&](auto element) { at = put(pb::put_head(at, element_field, size_of(element)), element); });
  return at;
}

std::size_t pair_size(const EntryView& attribute, int depth) noexcept {
  return pb::field_size(attribute.key().size()) +
         pb::field_size(otlp_value_size(attribute.value(), depth));
}

bool is_deep(int depth) noexcept {
  return depth >= model::nesting_limit;
}

std::size_t list_size(const ValueView& value, int depth) noexcept {
  std::size_t size = 0;
  model::EntryRange entries = value.entries();
  while (const auto entry = entries.next()) {
    size += pb::field_size(value.type() == AttributeType::map
                               ? pair_size(*entry, depth + 1)
                               : otlp_value_size(entry->value(), depth + 1));
  }
  return size;
}

char* put_list(char* at, const ValueView& value, int depth) noexcept {
  model::EntryRange entries = value.entries();
  while (const auto entry = entries.next()) {
    if (value.type() == AttributeType::map) {
      at = put_otlp_attribute(at, element_field, *entry, depth + 1);
      continue;
    }
    const std::size_t size = otlp_value_size(entry->value(), depth + 1);
    at = put_otlp_value(pb::put_head(at, element_field, size), entry->value(), depth + 1);
  }
  return at;
}

}  // namespace

void protobuf::mend_utf8(char* at, std::size_t size) noexcept {
  while (size > 0) {
    std::size_t length = utf8_length({at, size});
    if (length == 0) {
      *at = '?';
      length = 1;
    }
    at += length;
    size -= length;
  }
}

std::size_t otlp_value_size(const ValueView& value, int depth) noexcept {
  switch (value.type()) {
    case AttributeType::string:
    case AttributeType::bytes: return size_of(value.string());
    case AttributeType::boolean: return size_of(value.boolean());
    case AttributeType::int64: return size_of(value.int64());
    case AttributeType::float64: return size_of(value.float64());
    case AttributeType::string_array:
    case AttributeType::boolean_array:
    case AttributeType::int64_array:
    case AttributeType::float64_array: return pb::field_size(elements_size(value));
    case AttributeType::list:
    case AttributeType::map: return is_deep(depth) ? 0 : pb::field_size(list_size(value, depth));
    case AttributeType::none: break;
  }
  return 0;
}

char* put_otlp_value(char* at, const ValueView& value, int depth) noexcept {
  switch (value.type()) {
    case AttributeType::string: return put(at, value.string());
    case AttributeType::boolean: return put(at, value.boolean());
    case AttributeType::int64: return put(at, value.int64());
    case AttributeType::float64: return put(at, value.float64());
    case AttributeType::bytes:
      return pb::put_bytes(pb::put_head(at, bytes_field, value.string().size()), value.string());
    case AttributeType::string_array:
    case AttributeType::boolean_array:
    case AttributeType::int64_array:
    case AttributeType::float64_array:
      return put_elements(pb::put_head(at, array_field, elements_size(value)), value);
    case AttributeType::list:
    case AttributeType::map: {
      if (is_deep(depth)) return at;
      const bool map = value.type() == AttributeType::map;
      at = pb::put_head(at, map ? map_field : array_field, list_size(value, depth));
      return put_list(at, value, depth);
    }
    case AttributeType::none: break;
  }
  return at;
}

char* put_any_otlp_attribute(char* at, std::uint32_t field, const EntryView& attribute,
                             int depth) noexcept {
  const std::string_view key = attribute.key();
  const ValueView value = attribute.value();
  const std::size_t value_size = otlp_value_size(value, depth);
  at = pb::put_head(at, field, pb::field_size(key.size()) + pb::field_size(value_size));
  at = pb::put_text(at, key_field, key);
  return put_otlp_value(pb::put_head(at, value_field, value_size), value, depth);
}

std::size_t otlp_attributes_size(std::string_view entries) noexcept {
  std::size_t size = 0;
  model::EntryRange range(entries);
  while (const auto entry = range.next()) {
    if (entry->head.kind == model::EntryKind::attribute) {
      size += pb::field_size(pair_size(*entry, 0));
    }
  }
  return size;
}

char* put_otlp_attributes(char* at, std::uint32_t field, std::string_view entries) noexcept {
  model::EntryRange range(entries);
  while (const auto entry = range.next()) {
    if (entry->head.kind == model::EntryKind::attribute) {
      at = put_otlp_attribute(at, field, *entry);
    }
  }
  return at;
}

}  // namespace posthaste::wire

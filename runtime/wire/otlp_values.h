#pragma once

/// Attributes and values as OTLP's KeyValue and AnyValue, in protobuf: measured, then written.
/// Nothing is deeper than `model::nesting_limit`; what is comes out as no value, so that no damaged
/// record can use up the stack. Pure; for otlp_items.h and otlp_request.h.
///
/// Room: what is written takes less than `otlp_bound` of the record that it comes from.

#include "runtime/model/record_view.h"
#include "runtime/wire/protobuf_writer.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace posthaste::wire {

/// More than any record becomes in protobuf: a bucket count grows from one byte to eight, and
/// nothing else grows as much.
constexpr std::size_t otlp_bound(std::size_t record_size) noexcept {
  return 8 * record_size + 1024;
}

std::size_t otlp_value_size(const model::ValueView& value, int depth = 0) noexcept;
char* put_otlp_value(char* at, const model::ValueView& value, int depth = 0) noexcept;

/// As field `field` (below 16) of the message at hand, with tag and length.
char* put_any_otlp_attribute(char* at, std::uint32_t field, const model::EntryView& attribute,
                             int depth) noexcept;

/// The same; in place for the three types that most attributes are, where every length is one byte.
[[gnu::always_inline]] inline char* put_otlp_attribute(char* at, std::uint32_t field,
                                                       const model::EntryView& attribute,
                                                       int depth = 0) noexcept {
  using namespace protobuf;
  constexpr std::uint32_t longest = 0x7F - 16;  // the heads, and what a word may take
  const auto type = attribute.type();
  const bool usual = type == AttributeType::string || type == AttributeType::int64 ||
                     type == AttributeType::float64;
  if (attribute.head.size > longest || !usual) [[unlikely]] {
    const model::EntryView copy = attribute;  // so that the usual one needs no place in memory
    return put_any_otlp_attribute(at, field, copy, depth);
  }
  const std::string_view key = attribute.key();
  const auto put_key = [&](std::size_t value_size) __attribute__((always_inline)) {
    at = put_short_heads(at, field, key.size() + value_size + 4, 1, key.size());
    return put_characters(at, key);
  };
  if (type == AttributeType::string) {
    const std::string_view text = attribute.value().string();
    at = put_short_heads(put_key(text.size() + 2), 2, text.size() + 2, 1, text.size());
    return put_characters(at, text);
  }
  if (type == AttributeType::float64) {
    return put_float64(put_short_head(put_key(9), 2, 9), 4, attribute.value().float64());
  }
  const auto value = static_cast<std::uint64_t>(attribute.value().int64());
  const std::size_t value_size = 1 + varint_size(value);
  at = put_short_head(put_key(value_size), 2, value_size);
  return put_varint(put_tag(at, 3, WireType::varint), value);
}

/// All attributes among `entries`, each as field `field`.
std::size_t otlp_attributes_size(std::string_view entries) noexcept;
char* put_otlp_attributes(char* at, std::uint32_t field, std::string_view entries) noexcept;

}  // namespace posthaste::wire

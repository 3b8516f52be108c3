#pragma once

/// What Application Insights asks of an envelope, as data: the item types, their fields, which of
/// them are required, and how long they may be. envelope_check.cpp walks this table.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace posthaste::tools {

/// The tables of Application Insights that an item can land in.
enum class ItemType : std::uint8_t {
  request,
  dependency,
  exception,
  trace,
  event,
  metric,
  availability,
  page_view,
  page_view_timing,
  unknown,  // rejected before its type was understood
};
inline constexpr std::size_t item_type_count = 10;

/// "request", "dependency", ...: the key in records and reports.
std::string_view to_string(ItemType type) noexcept;

enum class FieldKind : std::uint8_t {
  text,
  time_span,
  boolean,
  number,
  integer,
  severity,      // a name or 0..4
  texts,         // an object of strings: properties, tags
  measurements,  // an object of numbers
  list,          // an array of objects with rules of their own
};

/// Which value the emulator keeps for its summary.
enum class FieldRole : std::uint8_t { none, id, name, duration, success, amount };

struct TypeRules;

struct FieldRule {
  std::string_view name;
  FieldKind kind;
  bool required = false;
  std::uint32_t limit = 0;  // UTF-16 units; 0: none
  FieldRole role = FieldRole::none;
  const TypeRules* element = nullptr;  // of a list
};

struct TypeRules {
  std::string_view name;              // "RequestData"; what error messages call it
  std::span<const FieldRule> fields;  // at most 32
};

inline constexpr std::size_t longest_item = 65'536;       // bytes of JSON
inline constexpr std::size_t most_items = 64'000;         // of one batch
inline constexpr std::size_t longest_property_key = 150;  // characters
inline constexpr std::size_t longest_property = 8'192;    // characters

/// The rules behind a `baseType`; null when there is no such type.
struct BaseType {
  std::string_view name;
  ItemType type;
  TypeRules rules;
};
const BaseType* find_base_type(std::string_view name) noexcept;

/// The longest value of an `ai.` tag; 0 for tags without a limit and unknown ones.
std::uint32_t tag_limit(std::string_view tag) noexcept;

}  // namespace posthaste::tools

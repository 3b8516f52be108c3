#pragma once

/// From OTLP values to the values that a record holds. Arrays of one plain type are packed arrays,
/// as the API's are; all others are lists. Part of `posthaste convert`, below the record maker.
///
/// Threads: none. Memory: grows to the largest item (otlp::ItemMemory), given back by `clear`.

#include "tools/otlp/item_memory.h"
#include "tools/otlp/telemetry.h"

#include <posthaste/attributes.h>

#include <vector>

namespace posthaste::tools {

/// What becomes of an attribute that has no value: SDKs drop it on spans and resources, and keep it
/// on logs.
enum class UnsetValue : std::uint8_t { dropped, kept };

class ValueAttributes {
public:
  /// What was made so far is no longer good.
  void clear() noexcept { memory_.clear(); }

  /// Both are good until clear(). Of equal keys the last counts.
  AttributeValue value(const otlp::Value& value);
  Attributes attributes(std::span<const otlp::KeyValue> list, UnsetValue unset);

private:
  AttributeValue array(std::span<const otlp::Value> elements);
  template <class T, class Read>
  std::span<const T> list_of(std::span<const otlp::Value> elements, Read&& read);

  otlp::ItemMemory memory_;
  std::vector<Attribute> pairs_;
};

}  // namespace posthaste::tools

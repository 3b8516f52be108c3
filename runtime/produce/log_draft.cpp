#include "runtime/produce/log_draft.h"

#include <algorithm>
#include <memory>
#include <new>

namespace posthaste::produce {

void LogDraft::begin(Severity given_severity, const AttributeValue& given_body,
                     const LogOptions& options) {
  memory_.release();
  severity = given_severity;
  body = given_body;
  event_name = options.event_name;
  incomplete = false;
  dropped = false;
  attributes.assign(options.attributes.begin(), options.attributes.end());
}

const AttributeValue* LogDraft::find(std::string_view key) const noexcept {
  // The last one counts, as in the record.
  const auto found = std::find_if(attributes.rbegin(), attributes.rend(),
                                  [&](const Attribute& a) { return a.key == key; });
  return found == attributes.rend() ? nullptr : &found->value;
}

void LogDraft::set(std::string_view key, const AttributeValue& value) noexcept {
  try {
    const AttributeValue kept = keep(value);
    bool known = false;
    for (Attribute& attribute : attributes) {
      if (attribute.key != key) continue;
      attribute.value = kept;
      known = true;
    }
    if (!known) attributes.push_back({keep(key), kept});
  } catch (const std::bad_alloc&) {
    incomplete = true;
  }
}

void LogDraft::set_body(const AttributeValue& value) noexcept {
  try {
    body = keep(value);
  } catch (const std::bad_alloc&) {
    incomplete = true;
  }
}

template <class T>
std::span<T> LogDraft::copy(std::span<const T> values) {
  if (values.empty()) return {};
  auto* const memory = static_cast<T*>(memory_.allocate(values.size_bytes(), alignof(T)));
  std::uninitialized_copy(values.begin(), values.end(), memory);
  return {memory, values.size()};
}

std::string_view LogDraft::keep(std::string_view text) {
  const auto kept = copy(std::span<const char>(text.data(), text.size()));
  return {kept.data(), kept.size()};
}

AttributeValue LogDraft::keep(const AttributeValue& value) {
  switch (value.type()) {
    case AttributeType::string: return keep(value.string());
    case AttributeType::boolean_array: return std::span<const bool>(copy(value.booleans()));
    case AttributeType::int64_array: return std::span<const std::int64_t>(copy(value.int64s()));
    case AttributeType::float64_array: return std::span<const double>(copy(value.float64s()));
    case AttributeType::bytes: return AttributeValue::bytes(copy(value.bytes()));
    case AttributeType::string_array: {
      const auto texts = copy(value.strings());
      for (std::string_view& text : texts) text = keep(text);
      return std::span<const std::string_view>(texts);
    }
    case AttributeType::list: {
      const auto values = copy(value.list());
      for (AttributeValue& part : values) part = keep(part);
      return AttributeValue::list(values);
    }
    case AttributeType::map: {
      const Attributes given = value.map();
      const auto entries = copy(std::span<const Attribute>(given.begin(), given.size()));
      for (Attribute& entry : entries) entry = {keep(entry.key), keep(entry.value)};
      return AttributeValue::map(Attributes(std::span<const Attribute>(entries)));
    }
    case AttributeType::boolean:
    case AttributeType::int64:
    case AttributeType::float64:
    case AttributeType::none: break;
  }
  return value;
}

}  // namespace posthaste::produce

#include "tools/convert/value_attribute.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

namespace posthaste::tools {
namespace {

using otlp::KeyValue;
using otlp::Value;
using otlp::ValueKind;

bool all_of_kind(std::span<const Value> elements, ValueKind kind) noexcept {
  return std::all_of(elements.begin(), elements.end(),
                     [kind](const Value& each) { return each.kind() == kind; });
}

/// Which of equal keys is the last. Short lists are searched, long ones have an index.
class LastOfKeys {
public:
  explicit LastOfKeys(std::span<const KeyValue> list) : list_(list) {
    if (list.size() <= 32) return;
    for (const KeyValue& each : list) index_[each.key] = &each;
  }
  bool is(const KeyValue& pair) const {
    if (!index_.empty()) return index_.at(pair.key) == &pair;
    const auto later = list_.subspan(static_cast<std::size_t>(&pair - list_.data()) + 1);
    return std::none_of(later.begin(), later.end(),
                        [&](const KeyValue& each) { return each.key == pair.key; });
  }

private:
  std::span<const KeyValue> list_;
  std::unordered_map<std::string_view, const KeyValue*> index_;
};

}  // namespace

template <class T, class Read>
std::span<const T> ValueAttributes::list_of(std::span<const Value> elements, Read&& read) {
  auto* const list = static_cast<T*>(memory_.room(elements.size() * sizeof(T), alignof(T)));
  for (std::size_t i = 0; i < elements.size(); ++i) std::construct_at(list + i, read(elements[i]));
  return {list, elements.size()};
}

AttributeValue ValueAttributes::array(std::span<const Value> elements) {
  const ValueKind kind = elements.empty() ? ValueKind::string : elements.front().kind();
  if (all_of_kind(elements, kind)) {
    switch (kind) {
      case ValueKind::string:
        return list_of<std::string_view>(elements, [](const Value& each) { return each.text(); });
      case ValueKind::boolean:
        return list_of<bool>(elements, [](const Value& each) { return each.boolean(); });
      case ValueKind::int64:
        return list_of<std::int64_t>(elements, [](const Value& each) { return each.int64(); });
      case ValueKind::float64:
        return list_of<double>(elements, [](const Value& each) { return each.float64(); });
      default: break;
    }
  }
  return AttributeValue::list(
      list_of<AttributeValue>(elements, [this](const Value& each) { return value(each); }));
}

AttributeValue ValueAttributes::value(const Value& value) {
  switch (value.kind()) {
    case ValueKind::unset: break;
    case ValueKind::string: return value.text();
    case ValueKind::boolean: return value.boolean();
    case ValueKind::int64: return value.int64();
    case ValueKind::float64: return value.float64();
    case ValueKind::bytes: return AttributeValue::bytes(std::as_bytes(std::span(value.text())));
    case ValueKind::array: return array(value.elements());
    case ValueKind::map: return AttributeValue::map(attributes(value.members(), UnsetValue::kept));
  }
  return {};
}

Attributes ValueAttributes::attributes(std::span<const KeyValue> list, UnsetValue unset) {
  const LastOfKeys last(list);
  otlp::ListBuilder<Attribute> pairs(pairs_);
  for (const KeyValue& each : list) {
    if (each.value.kind() == ValueKind::unset && unset == UnsetValue::dropped) continue;
    if (last.is(each)) pairs.add({each.key, value(each.value)});
  }
  return pairs.keep(memory_);
}

}  // namespace posthaste::tools

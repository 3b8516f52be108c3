#include "runtime/metrics/attribute_set.h"

#include "runtime/model/record_builder.h"

#include <algorithm>
#include <new>
#include <type_traits>

namespace posthaste::metrics {
namespace detail {
namespace {

std::string_view bytes_of(const AttributeValue& value) noexcept {
  const auto view = [](const auto& items) {
    return std::string_view(reinterpret_cast<const char*>(items.data()), items.size_bytes());
  };
  switch (value.type()) {
    case AttributeType::boolean_array: return view(value.booleans());
    case AttributeType::int64_array: return view(value.int64s());
    case AttributeType::float64_array: return view(value.float64s());
    case AttributeType::bytes: return view(value.bytes());
    default: return {};
  }
}

}  // namespace

std::uint64_t hash_array(const AttributeValue& value) noexcept {
  if (value.type() != AttributeType::string_array) return hash_text(bytes_of(value));
  std::uint64_t hash = value.strings().size();
  for (const std::string_view text : value.strings()) hash = fold(hash ^ ~hash_text(text), ~hash);
  return hash;
}

bool same_array(const AttributeValue& value, std::string_view bytes) noexcept {
  if (value.type() != AttributeType::string_array) return bytes == bytes_of(value);
  for (const std::string_view text : value.strings()) {
    std::uint32_t size = 0;
    if (bytes.size() < sizeof size) return false;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (size != text.size() || bytes.substr(0, size) != text) return false;
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

}  // namespace detail

/// The set's keys differ; if each of its attributes is among as many given ones, the given are the
/// set.
bool AttributeSet::matches_in_other_order(Attributes attributes) const noexcept {
  const char* at = entries_;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const char* next = at;
    const bool found =
        std::any_of(attributes.begin(), attributes.end(), [&](const Attribute& each) {
          next = at;
          return same_entry(next, each);
        });
    if (!found) return false;
    at = next;
  }
  return true;
}

namespace {

bool is_for_metrics(const Attribute& attribute) noexcept {
  const AttributeType type = attribute.value.type();
  return !attribute.key.empty() && attribute.key.size() <= longest_key &&
         type != AttributeType::list && type != AttributeType::map;
}

bool is_set_again(const Attribute* at, Attributes attributes) noexcept {
  return std::any_of(at + 1, attributes.end(),
                     [at](const Attribute& later) { return later.key == at->key; });
}

/// At most: what an entry is padded to is not known here.
std::size_t entry_size(const Attribute& attribute) noexcept {
  return sizeof(model::EntryHead) + attribute.key.size() + model::encoded_size(attribute.value) + 7;
}

}  // namespace

void AttributePick::add(const Attribute& attribute) {
  static_assert(std::is_trivially_copyable_v<Attribute>);
  if (size_ == room && many_.empty()) many_.assign(all().begin(), all().end());
  if (size_ >= room) {
    many_.push_back(attribute);
  } else {
    new (few_ + size_ * sizeof(Attribute)) Attribute(attribute);
  }
  ++size_;
}

Attributes AttributePick::all() const noexcept {
  if (!many_.empty()) return Attributes(std::span<const Attribute>(many_));
  return Attributes(std::span(std::launder(reinterpret_cast<const Attribute*>(few_)), size_));
}

bool is_canonical(Attributes attributes) noexcept {
  std::size_t size = 0;
  for (const Attribute* at = attributes.begin(); at != attributes.end(); ++at) {
    if (!is_for_metrics(*at) || is_set_again(at, attributes)) return false;
    size += entry_size(*at);
  }
  return size <= longest_set;
}

void pick_canonical(Attributes attributes, AttributePick& into) {
  std::size_t size = 0;
  for (const Attribute* at = attributes.begin(); at != attributes.end(); ++at) {
    if (!is_for_metrics(*at) || is_set_again(at, attributes)) continue;
    const std::size_t more = entry_size(*at);
    if (more > longest_set || size + more > longest_set) continue;
    size += more;
    into.add(*at);
  }
}

void append_set(std::vector<std::byte>& to, Attributes attributes) {
  for (const Attribute& each : attributes) {
    model::append_attribute_entry(to, model::EntryKind::attribute, each.key, each.value);
  }
}

}  // namespace posthaste::metrics

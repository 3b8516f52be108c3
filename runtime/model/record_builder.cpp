#include "runtime/model/record_builder.h"

#include "runtime/model/record_view.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace posthaste::model {
namespace {

void append(std::vector<std::byte>& to, const void* data, std::size_t size) {
  const auto* from = static_cast<const std::byte*>(data);
  to.insert(to.end(), from, from + size);
}

template <class T>
void append_items(std::vector<std::byte>& to, std::span<const T> items) {
  append(to, items.data(), items.size_bytes());
}

template <class T>
void saturate(T& count, std::size_t by) {
  constexpr std::size_t most = std::numeric_limits<T>::max();
  count = static_cast<T>(std::min<std::size_t>(most, count + by));
}

std::size_t hash_of(std::string_view key) noexcept {
  return std::hash<std::string_view>{}(key);
}

/// Calls `f(key, element)` for each element of a list or a map; none where it lies too deep.
template <class F>
void for_each_nested(const AttributeValue& value, int depth, F&& f) {
  if (depth >= nesting_limit) return;
  if (value.type() == AttributeType::list) {
    for (const AttributeValue& element : value.list()) f(std::string_view(), element);
  } else if (value.type() == AttributeType::map) {
    for (const Attribute& each : value.map()) f(each.key, each.value);
  }
}

std::size_t count_of_keys(const Attributes& attributes) {
  std::unordered_set<std::string_view> keys;
  for (const Attribute& each : attributes) keys.insert(each.key);
  return keys.size();
}

}  // namespace

std::size_t encoded_size(const AttributeValue& value, int depth) noexcept {
  switch (value.type()) {
    case AttributeType::string: return value.string().size();
    case AttributeType::boolean:
    case AttributeType::int64:
    case AttributeType::float64: return 8;
    case AttributeType::boolean_array: return value.booleans().size();
    case AttributeType::int64_array: return value.int64s().size_bytes();
    case AttributeType::float64_array: return value.float64s().size_bytes();
    case AttributeType::string_array: {
      std::size_t size = 0;
      for (const std::string_view text : value.strings()) size += 4 + text.size();
      return size;
    }
    case AttributeType::bytes: return value.bytes().size();
    case AttributeType::none: return 0;
    case AttributeType::list:
    case AttributeType::map: {
      std::size_t size = 0;
      for_each_nested(value, depth, [&](std::string_view key, const AttributeValue& element) {
        const std::size_t payload = key.size() + encoded_size(element, depth + 1);
        if (key.size() <= UINT16_MAX) size += sizeof(EntryHead) + ((payload + 7) & ~std::size_t{7});
      });
      return size;
    }
  }
  return 0;
}

void append_value(std::vector<std::byte>& to, const AttributeValue& value, int depth) {
  switch (value.type()) {
    case AttributeType::string: append(to, value.string().data(), value.string().size()); break;
    case AttributeType::boolean: {
      const std::uint64_t word = value.boolean() ? 1 : 0;
      append(to, &word, sizeof word);
      break;
    }
    case AttributeType::int64: {
      const std::int64_t word = value.int64();
      append(to, &word, sizeof word);
      break;
    }
    case AttributeType::float64: {
      const double word = value.float64();
      append(to, &word, sizeof word);
      break;
    }
    case AttributeType::boolean_array: append_items(to, value.booleans()); break;
    case AttributeType::int64_array: append_items(to, value.int64s()); break;
    case AttributeType::float64_array: append_items(to, value.float64s()); break;
    case AttributeType::string_array:
      for (const std::string_view text : value.strings()) {
        const auto size = static_cast<std::uint32_t>(text.size());
        append(to, &size, sizeof size);
        append(to, text.data(), text.size());
      }
      break;
    case AttributeType::bytes: append_items(to, value.bytes()); break;
    case AttributeType::none: break;
    case AttributeType::list:
    case AttributeType::map:
      for_each_nested(value, depth, [&](std::string_view key, const AttributeValue& element) {
        append_attribute_entry(to, EntryKind::attribute, key, element, depth + 1);
      });
      break;
  }
}

bool append_attribute_entry(std::vector<std::byte>& to, EntryKind kind, std::string_view key,
                            const AttributeValue& value, int depth) {
  const std::size_t size = key.size() + encoded_size(value, depth);
  if (key.size() > UINT16_MAX || size > UINT32_MAX) return false;
  const EntryHead entry{kind, static_cast<std::uint8_t>(value.type()),
                        static_cast<std::uint16_t>(key.size()), static_cast<std::uint32_t>(size)};
  append(to, &entry, sizeof entry);
  if (is_word(value.type())) append_value(to, value);
  append(to, key.data(), key.size());
  if (!is_word(value.type())) append_value(to, value, depth);
  to.resize(to.size() + padded(entry.size) - entry.size);
  return true;
}

void RecordBuilder::start(RecordType type) {
  bytes_.assign(sizeof(RecordHead), std::byte{});
  keys_.clear();
  keys_complete_ = true;
  head().type = type;
  head().sample_rate = 100;
}

bool RecordBuilder::fits(std::size_t payload) noexcept {
  constexpr std::size_t overhead = sizeof(EntryHead) + 8;
  if (payload < size_limit_ && bytes_.size() + payload + overhead <= size_limit_) {
    return true;
  }
  head().flags |= record_flag::truncated;
  return false;
}

std::string_view RecordBuilder::fitting(std::string_view text) noexcept {
  constexpr std::size_t overhead = sizeof(EntryHead) + 8;
  if (fits(text.size())) return text;
  const std::size_t used = bytes_.size() + overhead;
  return text.substr(0, used < size_limit_ ? size_limit_ - used : 0);
}

void RecordBuilder::bury(EntryKind kind, std::string_view key) noexcept {
  std::size_t at = sizeof(RecordHead);
  while (at < bytes_.size()) {
    EntryView entry;
    std::memcpy(&entry.head, bytes_.data() + at, sizeof entry.head);
    const auto* payload = reinterpret_cast<const char*>(bytes_.data() + at + sizeof entry.head);
    entry.payload = {payload, entry.head.size};
    const bool same = entry.head.kind == kind && !entry.head.dead() &&
                      (kind != EntryKind::attribute || entry.key() == key);
    if (same) {
      entry.head.value_type |= EntryHead::dead_bit;
      std::memcpy(bytes_.data() + at, &entry.head, sizeof entry.head);
      head().flags |= record_flag::has_dead;
      if (kind == EntryKind::attribute) --head().attributes;
    }
    at += sizeof entry.head + padded(entry.head.size);
  }
}

bool RecordBuilder::append_attribute(EntryKind kind, std::string_view key,
                                     const AttributeValue& value) {
  if (!fits(key.size() + encoded_size(value))) return false;
  const bool seen = kind != EntryKind::attribute || !keys_.insert(hash_of(key)).second;
  if (seen || !keys_complete_) bury(kind, key);
  return append_attribute_entry(bytes_, kind, key, value);
}

RecordBuilder& RecordBuilder::attribute(std::string_view key, const AttributeValue& value) {
  if (append_attribute(EntryKind::attribute, key, value)) {
    ++head().attributes;
  } else {
    saturate(head().dropped_attributes, 1);
  }
  return *this;
}

RecordBuilder& RecordBuilder::attributes(const Attributes& attributes) {
  for (const Attribute& each : attributes) attribute(each.key, each.value);
  return *this;
}

RecordBuilder& RecordBuilder::text(EntryKind kind, std::string_view text) {
  bury(kind, {});
  text = fitting(text);
  if (!fits(text.size())) return *this;
  open({kind, 0, 0, static_cast<std::uint32_t>(text.size())});
  write(text.data(), text.size());
  pad();
  return *this;
}

RecordBuilder& RecordBuilder::body(const AttributeValue& value) {
  if (value.type() == AttributeType::string) {
    append_attribute(EntryKind::body, {}, fitting(value.string()));
  } else {
    append_attribute(EntryKind::body, {}, value);
  }
  return *this;
}

RecordBuilder& RecordBuilder::event(std::string_view name, std::uint64_t time, bool wall,
                                    const Attributes& attributes) {
  const bool room = name.size() <= UINT16_MAX && fits(sizeof(EventHead) + name.size() + 8);
  if (!room) {
    saturate(head().dropped_events, 1);
    return *this;
  }
  const std::size_t entry_at = bytes_.size();
  open({EntryKind::event, 0, 0, 0});
  EventHead event{time, 0, static_cast<std::uint16_t>(name.size()), 0,
                  static_cast<std::uint16_t>(wall)};
  const std::size_t event_at = bytes_.size();
  write(&event, sizeof event);
  write(name.data(), name.size());
  pad();
  const std::size_t kept = append_nested(attributes, 0x7fff);
  event.attributes = static_cast<std::uint16_t>(kept & 0x7fff);
  saturate(event.dropped_attributes, count_of_keys(attributes) - kept);
  std::memcpy(bytes_.data() + event_at, &event, sizeof event);
  const EntryHead entry{EntryKind::event, 0, 0,
                        static_cast<std::uint32_t>(bytes_.size() - event_at)};
  std::memcpy(bytes_.data() + entry_at, &entry, sizeof entry);
  ++head().events;
  return *this;
}

RecordBuilder& RecordBuilder::link(const TraceId& trace, const SpanId& span,
                                   const Attributes& attributes, std::string_view trace_state,
                                   std::uint8_t trace_flags) {
  if (trace_state.size() > UINT16_MAX || !fits(sizeof(LinkHead) + trace_state.size() + 8)) {
    saturate(head().dropped_links, 1);
    return *this;
  }
  const std::size_t entry_at = bytes_.size();
  open({EntryKind::link, 0, 0, 0});
  LinkHead link{trace, span, 0, static_cast<std::uint16_t>(trace_state.size()), trace_flags, 0};
  const std::size_t link_at = bytes_.size();
  write(&link, sizeof link);
  write(trace_state.data(), trace_state.size());
  pad();
  const std::size_t kept = append_nested(attributes, UINT8_MAX);
  link.attributes = static_cast<std::uint8_t>(kept);
  saturate(link.dropped_attributes, count_of_keys(attributes) - kept);
  std::memcpy(bytes_.data() + link_at, &link, sizeof link);
  const EntryHead entry{EntryKind::link, 0, 0, static_cast<std::uint32_t>(bytes_.size() - link_at)};
  std::memcpy(bytes_.data() + entry_at, &entry, sizeof entry);
  ++head().links;
  return *this;
}

bool RecordBuilder::entry(EntryKind kind, std::span<const std::byte> payload) {
  std::byte* const room = entry(kind, payload.size());
  if (room == nullptr) return false;
  if (!payload.empty()) std::memcpy(room, payload.data(), payload.size());
  return true;
}

std::byte* RecordBuilder::entry(EntryKind kind, std::size_t size) {
  if (!fits(size)) return nullptr;
  const EntryHead entry{kind, 0, 0, static_cast<std::uint32_t>(size)};
  const std::size_t at = bytes_.size();
  bytes_.resize(at + sizeof entry + padded(entry.size));
  std::memcpy(bytes_.data() + at, &entry, sizeof entry);
  return bytes_.data() + at + sizeof entry;
}

bool RecordBuilder::attribute_entries(std::span<const std::byte> entries, std::uint16_t count) {
  if (!fits(entries.size())) {
    saturate(head().dropped_attributes, count);
    return false;
  }
  keys_complete_ = false;
  write(entries.data(), entries.size());
  saturate(head().attributes, count);
  return true;
}

std::size_t RecordBuilder::append_nested(const Attributes& attributes, std::size_t most) {
  std::size_t kept = 0;
  std::unordered_map<std::string_view, const Attribute*> last;
  for (const Attribute& each : attributes) last[each.key] = &each;
  for (const Attribute& each : attributes) {
    if (last[each.key] != &each) continue;  // set again later
    if (kept == most || !fits(each.key.size() + encoded_size(each.value))) continue;
    if (append_attribute_entry(bytes_, EntryKind::attribute, each.key, each.value)) ++kept;
  }
  return kept;
}

std::span<const std::byte> RecordBuilder::bytes() noexcept {
  head().commit = bytes_.size();
  return bytes_;
}

void RecordBuilder::open(const EntryHead& entry) {
  write(&entry, sizeof entry);
}
void RecordBuilder::write(const void* data, std::size_t size) {
  append(bytes_, data, size);
}
void RecordBuilder::pad() {
  bytes_.resize((bytes_.size() + 7) & ~std::size_t{7});
}

}  // namespace posthaste::model

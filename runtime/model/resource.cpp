#include "runtime/model/resource.h"

#include "runtime/model/record_builder.h"

namespace posthaste::model {
namespace {

/// Where the entry of `key` begins and ends in `bytes`; both the end of `bytes` when it is not
/// there.
struct Place {
  std::size_t begin;
  std::size_t end;
};

Place place_of(std::span<const std::byte> bytes, std::string_view key) noexcept {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EntryRange range(text);
  while (const auto entry = range.next()) {
    if (entry->key() != key) continue;
    const auto begin = static_cast<std::size_t>(entry->payload.data() - text.data());
    return {begin - sizeof(EntryHead), begin + padded(entry->head.size)};
  }
  return {bytes.size(), bytes.size()};
}

bool strings_fit(std::string_view bytes) noexcept {
  while (bytes.size() >= 4) {
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(4);
    if (size > bytes.size()) return false;
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

bool value_fits(const EntryView& entry, int depth) noexcept;

/// A list or a map: entries to its end, no deeper than records go.
bool nested_fit(std::string_view bytes, int depth) noexcept {
  if (depth >= nesting_limit) return bytes.empty();
  EntryRange range(bytes);
  while (const auto entry = range.next()) {
    if (entry->head.kind != EntryKind::attribute || !value_fits(*entry, depth + 1)) return false;
  }
  return !range.damaged();
}

bool value_fits(const EntryView& entry, int depth) noexcept {
  const std::string_view value = entry.value().string();
  switch (entry.type()) {
    case AttributeType::string:
    case AttributeType::bytes:
    case AttributeType::boolean_array: return true;
    case AttributeType::none: return value.empty();
    case AttributeType::list:
    case AttributeType::map: return nested_fit(value, depth);
    case AttributeType::boolean:
    case AttributeType::int64:
    case AttributeType::float64: return entry.head.size == 8u + entry.head.key_size;
    case AttributeType::int64_array:
    case AttributeType::float64_array: return value.size() % 8 == 0;
    case AttributeType::string_array: return strings_fit(value);
  }
  return false;
}

Error damaged(std::string_view why) {
  return Error(ErrorCode::arena_damaged, std::string("resource: ") + std::string(why));
}

}  // namespace

Resource::Resource(const Attributes& attributes) {
  for (const Attribute& each : attributes) set(each.key, each.value);
}

Result<Resource> Resource::parse(std::span<const std::byte> bytes) {
  if (bytes.size() > size_limit) return damaged("longer than 32768 bytes");
  std::size_t used = 0;
  EntryRange range({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  while (const auto entry = range.next()) {
    if (entry->head.kind != EntryKind::attribute || !value_fits(*entry, 0)) {
      return damaged("an entry that is no attribute");
    }
    used += sizeof(EntryHead) + padded(entry->head.size);
  }
  if (used != bytes.size()) return damaged("bytes that are no entry");
  Resource resource;
  resource.bytes_.assign(bytes.begin(), bytes.end());
  return resource;
}

bool Resource::set(std::string_view key, const AttributeValue& value) {
  std::vector<std::byte> entry;
  if (!append_attribute_entry(entry, EntryKind::attribute, key, value)) return false;
  const Place old = place_of(bytes_, key);
  if (bytes_.size() - (old.end - old.begin) + entry.size() > size_limit) return false;
  const auto begin = bytes_.begin();
  const auto at = bytes_.erase(begin + static_cast<std::ptrdiff_t>(old.begin),
                               begin + static_cast<std::ptrdiff_t>(old.end));
  bytes_.insert(at, entry.begin(), entry.end());
  return true;
}

std::optional<ValueView> Resource::find(std::string_view key) const noexcept {
  EntryRange range = entries();
  while (const auto entry = range.next()) {
    if (entry->key() == key) return entry->value();
  }
  return std::nullopt;
}

std::string_view Resource::text(std::string_view key) const noexcept {
  const auto value = find(key);
  return value && value->type() == AttributeType::string ? value->string() : std::string_view();
}

EntryRange Resource::entries() const noexcept {
  return EntryRange({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

}  // namespace posthaste::model

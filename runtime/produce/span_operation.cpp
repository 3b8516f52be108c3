// How a local root names the operation of what is beneath it: as the mapping will name the request
// itself (wire/span_rules.cpp, wire/http_rules.cpp), whenever an attribute that decides it is set.

#include "runtime/base/url_parts.h"
#include "runtime/produce/image_cursor.h"
#include "runtime/produce/operation_name.h"
#include "runtime/produce/span_slot.h"

#include <posthaste/span_kind.h>

#include <array>

namespace posthaste::produce {
namespace {

constexpr std::size_t composed_name = arena::operation_name_limit + 8;  // shows if it is cut
constexpr std::uint32_t longest_value = 1024;  // in a chain; as far as it is looked at
constexpr std::size_t longest_key = 24;

using Room = std::span<char>;

/// The values of the keys that KeyHash::names_operation() tells, strings alone.
struct OperationAttributes {
  std::string_view given;      // microsoft.operation_name
  std::string_view given_too;  // ai.operation.name
  std::string_view method;
  std::string_view old_method;
  std::string_view route;
  std::string_view url;
  std::string_view old_url;

  /// The keys that name an operation whatever the span is.
  static bool is_given_name(std::string_view key) noexcept {
    return key == "microsoft.operation_name" || key == "ai.operation.name";
  }

  std::string_view* of(std::string_view key) noexcept {
    switch (key.size()) {
      case 8: return key == "url.full" ? &url : key == "http.url" ? &old_url : nullptr;
      case 10: return key == "http.route" ? &route : nullptr;
      case 11: return key == "http.method" ? &old_method : nullptr;
      case 17: return key == "ai.operation.name" ? &given_too : nullptr;
      case 19: return key == "http.request.method" ? &method : nullptr;
      case 24: return key == "microsoft.operation_name" ? &given : nullptr;
      default: return nullptr;
    }
  }
};

bool is_string(const model::EntryHead& head) noexcept {
  return head.kind == model::EntryKind::attribute &&
         head.value_type == static_cast<std::uint8_t>(AttributeType::string);
}

/// An image in one piece: the values where they lie.
OperationAttributes gather(std::span<const std::byte> entries) noexcept {
  OperationAttributes found;
  const std::byte* at = entries.data();
  const std::byte* const end = at + entries.size();
  while (at < end) {
    model::EntryHead head;
    std::memcpy(&head, at, sizeof head);
    const auto* const key = reinterpret_cast<const char*>(at) + sizeof head;
    if (is_string(head)) {
      if (std::string_view* const value = found.of({key, head.key_size})) {
        *value = {key + head.key_size, head.size - head.key_size};
      }
    }
    at += sizeof head + model::padded(head.size);
  }
  return found;
}

std::string_view copy_part(ImageCursor& cursor, std::uint32_t size, Room room) noexcept {
  char* to = room.data();
  cursor.each_part(std::min(size, static_cast<std::uint32_t>(room.size())),
                   [&to](const std::byte* part, std::uint32_t bytes) {
                     std::memcpy(to, part, bytes);
                     to += bytes;
                   });
  return {room.data(), static_cast<std::size_t>(to - room.data())};
}

/// An image in several slots: the values in `room`, as far as it goes.
OperationAttributes gather(ImageCursor cursor, Room room) noexcept {
  OperationAttributes found;
  cursor.skip(sizeof(model::RecordHead));
  while (cursor.left() >= sizeof(model::EntryHead)) {
    model::EntryHead head;
    std::memcpy(&head, cursor.at(), sizeof head);
    cursor.skip(sizeof head);
    std::uint32_t rest = model::padded(head.size);
    if (is_string(head) && head.key_size <= longest_key) {
      std::array<char, longest_key> key_room;
      const std::string_view key = copy_part(cursor, head.key_size, key_room);
      rest -= head.key_size;
      if (std::string_view* const value = found.of(key)) {
        const auto size = static_cast<std::uint32_t>(
            std::min<std::size_t>(std::min(head.size - head.key_size, longest_value), room.size()));
        *value = copy_part(cursor, size, room);
        room = room.subspan(value->size());
        rest -= static_cast<std::uint32_t>(value->size());
      }
    }
    cursor.skip(rest);
  }
  return found;
}

/// `a b`, as far as there is room.
std::string_view joined(std::string_view a, std::string_view b, Room room) noexcept {
  std::size_t size = a.copy(room.data(), room.size() - 1);
  room[size++] = ' ';
  size += b.copy(room.data() + size, room.size() - size);
  return {room.data(), size};
}

/// Empty where the attributes do not say it.
std::string_view name_by(const OperationAttributes& attributes, SpanKind kind, Room room) noexcept {
  if (!attributes.given.empty()) return attributes.given;
  if (kind != SpanKind::server && !attributes.given_too.empty()) return attributes.given_too;
  if (kind != SpanKind::server && kind != SpanKind::consumer) return {};
  const std::string_view method =
      attributes.method.empty() ? attributes.old_method : attributes.method;
  if (method.empty()) return {};
  if (!attributes.route.empty()) return joined(method, attributes.route, room);
  const auto url = UrlParts::of(attributes.url.empty() ? attributes.old_url : attributes.url);
  if (!url) return {};
  std::array<char, composed_name> path_room;
  return joined(method, normal_path(url->path, path_room), room);
}

}  // namespace

void SpanSlot::rename(std::string_view name) const noexcept {
  set_text(model::EntryKind::name, name);
  if ((record().flags & model::record_flag::local_root) == 0) return;
  slot_.head.flags |= slot_flag::operation_changed;
  if (!name_operation()) write_operation(slot_.operation, name);
}

void SpanSlot::operation_attribute_set(std::string_view key) const noexcept {
  if ((record().flags & model::record_flag::local_root) == 0) return;
  if ((slot_.head.traits & slot_trait::recording) == 0) return;  // it has not all of them
  const auto kind = static_cast<SpanKind>(record().kind);
  const bool is_request = kind == SpanKind::server || kind == SpanKind::consumer;
  if (!is_request && !OperationAttributes::is_given_name(key)) return;
  const bool was_changed = (slot_.head.flags & slot_flag::operation_changed) != 0;
  if (name_operation() || !was_changed) return;
  char room[composed_name];  // what named it is gone: the span's own name again
  ImageCursor cursor(slot_, pool_.arena(), size());
  const std::byte* const entry = seek(cursor, model::EntryKind::name, {});
  if (entry == nullptr) return;
  model::EntryHead head;
  std::memcpy(&head, entry, sizeof head);
  write_operation(slot_.operation, copy_part(cursor, head.size, room));
}

/// False, with nothing done, where attributes do not name it.
bool SpanSlot::name_operation() const noexcept {
  std::array<char, 4 * longest_value> chain_room;
  std::array<char, composed_name> room;
  const OperationAttributes attributes =
      chained() ? gather(ImageCursor(slot_, pool_.arena(), size()), chain_room)
                : gather(std::span(slot_.image).first(size()).subspan(sizeof(model::RecordHead)));
  const std::string_view name = name_by(attributes, static_cast<SpanKind>(record().kind), room);
  if (name.empty()) return false;
  slot_.head.flags |= slot_flag::operation_changed;
  write_operation(slot_.operation, name);
  return true;
}

}  // namespace posthaste::produce

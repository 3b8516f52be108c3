#include "runtime/model/record_view.h"

#include <algorithm>

namespace posthaste::model {

std::optional<EventView> EventView::from(const EntryView& entry) noexcept {
  EventView event;
  if (entry.head.kind != EntryKind::event || entry.payload.size() < sizeof event.head) return {};
  std::memcpy(&event.head, entry.payload.data(), sizeof event.head);
  const std::string_view rest = entry.payload.substr(sizeof event.head);
  if (event.head.name_size > rest.size()) return {};
  event.name = rest.substr(0, event.head.name_size);
  event.attributes = rest.substr(std::min<std::size_t>(padded(event.head.name_size), rest.size()));
  return event;
}

std::optional<LinkView> LinkView::from(const EntryView& entry) noexcept {
  LinkView link;
  if (entry.head.kind != EntryKind::link || entry.payload.size() < sizeof link.head) return {};
  std::memcpy(&link.head, entry.payload.data(), sizeof link.head);
  const std::string_view rest = entry.payload.substr(sizeof link.head);
  if (link.head.trace_state_size > rest.size()) return {};
  link.trace_state = rest.substr(0, link.head.trace_state_size);
  link.attributes =
      rest.substr(std::min<std::size_t>(padded(link.head.trace_state_size), rest.size()));
  return link;
}

std::string_view RecordView::text(EntryKind kind) const noexcept {
  std::string_view found;
  EntryRange range = entries();
  while (const auto entry = range.next()) {
    if (entry->head.kind == kind) found = entry->text();
  }
  return found;
}

std::optional<ValueView> RecordView::attribute(std::string_view key) const noexcept {
  EntryRange range = entries();
  while (const auto entry = range.next()) {
    if (entry->head.kind == EntryKind::attribute && entry->key() == key) return entry->value();
  }
  return std::nullopt;
}

}  // namespace posthaste::model

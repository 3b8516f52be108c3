#include "runtime/wire/record_parts.h"

namespace posthaste::wire {

using model::EntryKind;

bool RecordParts::take(const model::RecordView& record) {
  scratch.clear();
  seen.clear();
  events.clear();
  links.clear();
  text = {};
  body.reset();
  model::EntryRange entries = record.entries();
  model::EntryView entry;
  while (entries.next(entry)) {
    if (entry.head.kind == EntryKind::attribute) [[likely]] {
      seen.add(entry);
      continue;
    }
    switch (entry.head.kind) {
      case EntryKind::name: text.name = entry.text(); break;
      case EntryKind::operation_name: text.operation_name = entry.text(); break;
      case EntryKind::status_description: text.status_description = entry.text(); break;
      case EntryKind::severity_text: text.severity_text = entry.text(); break;
      case EntryKind::event_name: text.event_name = entry.text(); break;
      case EntryKind::body: body = entry.value(); break;
      case EntryKind::trace_state: break;
      case EntryKind::event: {
        const auto event = model::EventView::from(entry);
        if (!event) return false;
        events.push_back(*event);
        break;
      }
      case EntryKind::link: {
        const auto link = model::LinkView::from(entry);
        if (!link) return false;
        links.push_back(*link);
        break;
      }
      default: return false;
    }
  }
  return !entries.damaged();
}

}  // namespace posthaste::wire

#include "tools/otlp/protobuf_reader.h"

#include "tools/otlp/protobuf_points.h"

namespace posthaste::tools::otlp {
namespace {

/// The names of the three levels of a request, for messages.
struct Names {
  const char* resources;
  const char* scopes;
  const char* items;
};

constexpr Names names_of(Signal signal) noexcept {
  switch (signal) {
    case Signal::traces: return {"resource_spans", "scope_spans", "spans"};
    case Signal::metrics: return {"resource_metrics", "scope_metrics", "metrics"};
    case Signal::logs: break;
  }
  return {"resource_logs", "scope_logs", "log_records"};
}

class Reader {
public:
  Reader(std::string_view bytes, Signal signal, Visitor& visitor)
      : place_(bytes), signal_(signal), names_(names_of(signal)), visitor_(visitor) {}

  void request(ProtobufFields fields);
  ProtobufPlace& place() noexcept { return place_; }

private:
  void resource_level(ProtobufFields& fields);
  void scope_level(ProtobufFields& fields);
  void tell_resource(ProtobufFields fields);
  void tell_scope(ProtobufFields fields);
  void item(ProtobufFields& fields);
  void span(ProtobufFields& fields);
  void span_field(ProtobufFields& fields, Span& span);
  void status(ProtobufFields& fields, Span& span);
  SpanEvent event(ProtobufFields& fields);
  SpanLink link(ProtobufFields& fields);
  void log(ProtobufFields& fields);
  void attribute(ProtobufFields& fields, ListBuilder<KeyValue>& list);

  ProtobufPlace place_;
  Signal signal_;
  Names names_;
  Visitor& visitor_;
  ItemMemory memory_;
  ProtobufValues values_{memory_};
  ProtobufPoints points_{memory_, values_, visitor_};
  std::vector<KeyValue> attributes_;
  std::vector<SpanEvent> events_;
  std::vector<SpanLink> links_;
};

void Reader::request(ProtobufFields fields) {
  while (fields.next()) {
    if (fields.number() == 1) {
      fields.message(names_.resources, [&](ProtobufFields& inner) { resource_level(inner); });
    } else {
      fields.skip();
    }
  }
}

void Reader::resource_level(ProtobufFields& fields) {
  tell_resource(fields);
  while (fields.next()) {
    if (fields.number() == 2) {
      fields.message(names_.scopes, [&](ProtobufFields& inner) { scope_level(inner); });
    } else {
      fields.skip();
    }
  }
}

void Reader::scope_level(ProtobufFields& fields) {
  tell_scope(fields);
  while (fields.next()) {
    if (fields.number() == 2) {
      fields.message(names_.items, [&](ProtobufFields& inner) {
        memory_.clear();
        item(inner);
      });
    } else {
      fields.skip();
    }
  }
}

/// Looks for it before anything below it is read, wherever it stands.
void Reader::tell_resource(ProtobufFields fields) {
  memory_.clear();
  ListBuilder<KeyValue> list(attributes_);
  while (fields.next()) {
    if (fields.number() != 1) {
      fields.skip();
      continue;
    }
    fields.message("resource", [&](ProtobufFields& inner) {
      while (inner.next()) {
        if (inner.number() == 1) {
          attribute(inner, list);
        } else {
          inner.skip();
        }
      }
    });
  }
  visitor_.resource(signal_, {list.keep(memory_)});
}

void Reader::tell_scope(ProtobufFields fields) {
  memory_.clear();
  Scope scope;
  ListBuilder<KeyValue> list(attributes_);
  while (fields.next()) {
    if (fields.number() != 1) {
      fields.skip();
      continue;
    }
    fields.message("scope", [&](ProtobufFields& inner) {
      while (inner.next()) {
        switch (inner.number()) {
          case 1: scope.name = inner.text("name"); break;
          case 2: scope.version = inner.text("version"); break;
          case 3: attribute(inner, list); break;
          default: inner.skip();
        }
      }
    });
  }
  scope.attributes = list.keep(memory_);
  visitor_.scope(scope);
}

void Reader::attribute(ProtobufFields& fields, ListBuilder<KeyValue>& list) {
  fields.message("attributes", [&](ProtobufFields& inner) { list.add(values_.pair(inner)); });
}

void Reader::item(ProtobufFields& fields) {
  switch (signal_) {
    case Signal::traces: return span(fields);
    case Signal::metrics: return points_.metric(fields);
    case Signal::logs: return log(fields);
  }
}

void Reader::span(ProtobufFields& fields) {
  Span span;
  ListBuilder<KeyValue> attributes(attributes_);
  ListBuilder<SpanEvent> events(events_);
  ListBuilder<SpanLink> links(links_);
  while (fields.next()) {
    switch (fields.number()) {
      case 9: attribute(fields, attributes); break;
      case 11:
        fields.message("events", [&](ProtobufFields& inner) { events.add(event(inner)); });
        break;
      case 13:
        fields.message("links", [&](ProtobufFields& inner) { links.add(link(inner)); });
        break;
      default: span_field(fields, span);
    }
  }
  span.attributes = attributes.keep(memory_);
  span.events = events.keep(memory_);
  span.links = links.keep(memory_);
  visitor_.span(span);
}

void Reader::span_field(ProtobufFields& fields, Span& span) {
  switch (fields.number()) {
    case 1: fields.id("trace_id", span.trace_id.bytes); break;
    case 2: fields.id("span_id", span.span_id.bytes); break;
    case 3: span.trace_state = fields.text("trace_state"); break;
    case 4: fields.id("parent_span_id", span.parent_span_id.bytes); break;
    case 5: span.name = fields.text("name"); break;
    case 6: span.kind = fields.enumeration("kind"); break;
    case 7: span.start = fields.fixed64("start_time_unix_nano"); break;
    case 8: span.end = fields.fixed64("end_time_unix_nano"); break;
    case 10: span.dropped_attributes = fields.uint32("dropped_attributes_count"); break;
    case 12: span.dropped_events = fields.uint32("dropped_events_count"); break;
    case 14: span.dropped_links = fields.uint32("dropped_links_count"); break;
    case 15: fields.message("status", [&](ProtobufFields& inner) { status(inner, span); }); break;
    case 16: span.flags = fields.fixed32("flags"); break;
    default: fields.skip();
  }
}

void Reader::status(ProtobufFields& fields, Span& span) {
  while (fields.next()) {
    switch (fields.number()) {
      case 2: span.status_message = fields.text("message"); break;
      case 3: span.status_code = fields.enumeration("code"); break;
      default: fields.skip();
    }
  }
}

SpanEvent Reader::event(ProtobufFields& fields) {
  SpanEvent event;
  ListBuilder<KeyValue> attributes(attributes_);
  while (fields.next()) {
    switch (fields.number()) {
      case 1: event.time = fields.fixed64("time_unix_nano"); break;
      case 2: event.name = fields.text("name"); break;
      case 3: attribute(fields, attributes); break;
      case 4: event.dropped_attributes = fields.uint32("dropped_attributes_count"); break;
      default: fields.skip();
    }
  }
  event.attributes = attributes.keep(memory_);
  return event;
}

SpanLink Reader::link(ProtobufFields& fields) {
  SpanLink link;
  ListBuilder<KeyValue> attributes(attributes_);
  while (fields.next()) {
    switch (fields.number()) {
      case 1: fields.id("trace_id", link.trace_id.bytes); break;
      case 2: fields.id("span_id", link.span_id.bytes); break;
      case 3: link.trace_state = fields.text("trace_state"); break;
      case 4: attribute(fields, attributes); break;
      case 5: link.dropped_attributes = fields.uint32("dropped_attributes_count"); break;
      case 6: link.flags = fields.fixed32("flags"); break;
      default: fields.skip();
    }
  }
  link.attributes = attributes.keep(memory_);
  return link;
}

void Reader::log(ProtobufFields& fields) {
  LogRecord log;
  ListBuilder<KeyValue> attributes(attributes_);
  while (fields.next()) {
    switch (fields.number()) {
      case 1: log.time = fields.fixed64("time_unix_nano"); break;
      case 2: log.severity_number = fields.enumeration("severity_number"); break;
      case 3: log.severity_text = fields.text("severity_text"); break;
      case 5:
        fields.message("body", [&](ProtobufFields& inner) { log.body = values_.value(inner); });
        break;
      case 6: attribute(fields, attributes); break;
      case 7: log.dropped_attributes = fields.uint32("dropped_attributes_count"); break;
      case 8: log.flags = fields.fixed32("flags"); break;
      case 9: fields.id("trace_id", log.trace_id.bytes); break;
      case 10: fields.id("span_id", log.span_id.bytes); break;
      case 11: log.observed_time = fields.fixed64("observed_time_unix_nano"); break;
      case 12: log.event_name = fields.text("event_name"); break;
      default: fields.skip();
    }
  }
  log.attributes = attributes.keep(memory_);
  visitor_.log(log);
}

}  // namespace

std::optional<Defect> read_protobuf(std::string_view bytes, Signal signal, Visitor& visitor) {
  if (bytes.empty()) return std::nullopt;
  Reader reader(bytes, signal, visitor);
  try {
    reader.request(ProtobufFields(bytes, reader.place()));
  } catch (const ProtobufDefect& defect) {
    return defect.defect;
  } catch (const ItemMemory::limit_reached&) {
    return Defect{0, {}, "an item is too large"};
  }
  return std::nullopt;
}

}  // namespace posthaste::tools::otlp

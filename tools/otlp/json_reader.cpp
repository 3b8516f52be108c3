#include "tools/otlp/json_reader.h"

#include "tools/otlp/json_points.h"
#include "tools/otlp/json_values.h"

#include <utility>

namespace posthaste::tools::otlp {
namespace {

constexpr std::array<std::string_view, 6> span_kinds{"UNSPECIFIED", "INTERNAL", "SERVER",
                                                     "CLIENT",      "PRODUCER", "CONSUMER"};
constexpr std::array<std::string_view, 3> status_codes{"UNSET", "OK", "ERROR"};
constexpr std::array<std::string_view, 25> severities{
    "UNSPECIFIED", "TRACE",  "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2", "DEBUG3", "DEBUG4",
    "INFO",        "INFO2",  "INFO3",  "INFO4",  "WARN",   "WARN2",  "WARN3",  "WARN4",  "ERROR",
    "ERROR2",      "ERROR3", "ERROR4", "FATAL",  "FATAL2", "FATAL3", "FATAL4"};

/// The names of the three levels of a request, by signal.
struct Names {
  Signal signal;
  std::string_view resources;
  std::string_view scopes;
  std::string_view items;
};
constexpr std::array<Names, 3> names{
    Names{Signal::traces, "resourceSpans", "scopeSpans", "spans"},
    Names{Signal::metrics, "resourceMetrics", "scopeMetrics", "metrics"},
    Names{Signal::logs, "resourceLogs", "scopeLogs", "logRecords"}};

class Reader {
public:
  Reader(std::string_view text, Visitor& visitor) : fields_(text, memory_), visitor_(visitor) {}

  bool read();
  Defect defect() const { return fields_.defect(); }
  bool fail(std::string reason) { return fields_.fail(std::move(reason)); }

private:
  bool request();
  bool resource_level(const Names& level);
  bool scope_level(const Names& level);
  template <class Own, class Inner>
  bool own_before_inner(std::string_view own_key, std::string_view inner_key, Own&& own,
                        Inner&& inner);
  bool resource(Signal signal);
  bool scope();
  bool item(Signal signal);
  bool span();
  bool span_member(Span& span, std::string_view key);
  bool status(Span& span);
  bool events(std::span<const SpanEvent>& events);
  bool event(SpanEvent& event);
  bool links(std::span<const SpanLink>& links);
  bool link(SpanLink& link);
  bool log();
  bool log_member(LogRecord& log, std::string_view key);

  ItemMemory memory_;
  JsonFields fields_;
  JsonValues values_{fields_};
  Visitor& visitor_;
  JsonPoints points_{fields_, values_, visitor_};
  std::vector<SpanEvent> events_;
  std::vector<SpanLink> links_;
};

bool Reader::read() {
  do {
    if (!request()) return false;
  } while (!fields_.at_end());
  return true;
}

bool Reader::request() {
  if (fields_.is_null()) return fields_.fail("expected object, found null");
  bool known = false;
  bool unknown = false;
  const bool read = fields_.object([&](std::string_view key) {
    for (const Names& level : names) {
      if (key != level.resources) continue;
      known = true;
      return fields_.array([&] { return resource_level(level); });
    }
    unknown = true;
    return fields_.skip();
  });
  if (!read || known || !unknown) return read;
  return fields_.fail("no export request: it has no resourceSpans, resourceMetrics, resourceLogs");
}

/// Reads an object whose member `own_key` is told before the elements of `inner_key`, in whichever
/// order they come: an `inner_key` that comes first is skipped, and read at the object's end.
template <class Own, class Inner>
bool Reader::own_before_inner(std::string_view own_key, std::string_view inner_key, Own&& own,
                              Inner&& inner) {
  bool told = false;
  std::vector<JsonCursor> waiting;
  const bool read = fields_.object([&](std::string_view key) {
    if (key == own_key) {
      if (std::exchange(told, true)) return fields_.fail("given twice");
      return own(true);
    }
    if (key != inner_key) return fields_.skip();
    if (told) return fields_.array(inner);
    if (!waiting.empty()) return fields_.fail("given twice");
    waiting.push_back(fields_.bookmark());
    return fields_.skip();
  });
  if (!read || (!told && !own(false))) return false;
  const JsonCursor end = fields_.bookmark();
  for (const JsonCursor& bookmark : waiting) {
    fields_.go_to(bookmark);
    if (!fields_.within(inner_key, [&] { return fields_.array(inner); })) return false;
  }
  fields_.go_to(end);
  return true;
}

bool Reader::resource_level(const Names& level) {
  return own_before_inner(
      "resource", level.scopes,
      [&](bool given) {
        if (given) return resource(level.signal);
        visitor_.resource(level.signal, {});
        return true;
      },
      [&] { return scope_level(level); });
}

bool Reader::scope_level(const Names& level) {
  return own_before_inner(
      "scope", level.items,
      [&](bool given) {
        if (given) return scope();
        visitor_.scope({});
        return true;
      },
      [&] { return item(level.signal); });
}

bool Reader::resource(Signal signal) {
  memory_.clear();
  Resource resource;
  const bool read = fields_.object([&](std::string_view key) {
    return key == "attributes" ? values_.attributes(resource.attributes) : fields_.skip();
  });
  if (read) visitor_.resource(signal, resource);
  return read;
}

bool Reader::scope() {
  memory_.clear();
  Scope scope;
  const bool read = fields_.object([&](std::string_view key) {
    if (key == "name") return fields_.string(scope.name);
    if (key == "version") return fields_.string(scope.version);
    if (key == "attributes") return values_.attributes(scope.attributes);
    return fields_.skip();
  });
  if (read) visitor_.scope(scope);
  return read;
}

bool Reader::item(Signal signal) {
  switch (signal) {
    case Signal::traces: return span();
    case Signal::metrics: return points_.metric();
    case Signal::logs: return log();
  }
  return false;
}

bool Reader::span() {
  memory_.clear();
  Span span;
  if (!fields_.object([&](std::string_view key) { return span_member(span, key); })) return false;
  visitor_.span(span);
  return true;
}

bool Reader::span_member(Span& span, std::string_view key) {
  if (key == "traceId") return fields_.id(span.trace_id.bytes);
  if (key == "spanId") return fields_.id(span.span_id.bytes);
  if (key == "parentSpanId") return fields_.id(span.parent_span_id.bytes);
  if (key == "traceState") return fields_.string(span.trace_state);
  if (key == "name") return fields_.string(span.name);
  if (key == "kind") return fields_.enumeration(span.kind, "SPAN_KIND_", span_kinds);
  if (key == "flags") return fields_.integer(span.flags);
  if (key == "startTimeUnixNano") return fields_.integer(span.start);
  if (key == "endTimeUnixNano") return fields_.integer(span.end);
  if (key == "attributes") return values_.attributes(span.attributes);
  if (key == "events") return events(span.events);
  if (key == "links") return links(span.links);
  if (key == "droppedAttributesCount") return fields_.integer(span.dropped_attributes);
  if (key == "droppedEventsCount") return fields_.integer(span.dropped_events);
  if (key == "droppedLinksCount") return fields_.integer(span.dropped_links);
  if (key == "status") return status(span);
  return fields_.skip();
}

bool Reader::status(Span& span) {
  return fields_.object([&](std::string_view key) {
    if (key == "code") return fields_.enumeration(span.status_code, "STATUS_CODE_", status_codes);
    if (key == "message") return fields_.string(span.status_message);
    return fields_.skip();
  });
}

bool Reader::events(std::span<const SpanEvent>& events) {
  ListBuilder<SpanEvent> list(events_);
  const bool read = fields_.array([&] {
    SpanEvent next;
    if (!event(next)) return false;
    list.add(next);
    return true;
  });
  events = list.keep(memory_);
  return read;
}

bool Reader::event(SpanEvent& event) {
  return fields_.object([&](std::string_view key) {
    if (key == "timeUnixNano") return fields_.integer(event.time);
    if (key == "name") return fields_.string(event.name);
    if (key == "attributes") return values_.attributes(event.attributes);
    if (key == "droppedAttributesCount") return fields_.integer(event.dropped_attributes);
    return fields_.skip();
  });
}

bool Reader::links(std::span<const SpanLink>& links) {
  ListBuilder<SpanLink> list(links_);
  const bool read = fields_.array([&] {
    SpanLink next;
    if (!link(next)) return false;
    list.add(next);
    return true;
  });
  links = list.keep(memory_);
  return read;
}

bool Reader::link(SpanLink& link) {
  return fields_.object([&](std::string_view key) {
    if (key == "traceId") return fields_.id(link.trace_id.bytes);
    if (key == "spanId") return fields_.id(link.span_id.bytes);
    if (key == "traceState") return fields_.string(link.trace_state);
    if (key == "attributes") return values_.attributes(link.attributes);
    if (key == "droppedAttributesCount") return fields_.integer(link.dropped_attributes);
    if (key == "flags") return fields_.integer(link.flags);
    return fields_.skip();
  });
}

bool Reader::log() {
  memory_.clear();
  LogRecord log;
  if (!fields_.object([&](std::string_view key) { return log_member(log, key); })) return false;
  visitor_.log(log);
  return true;
}

bool Reader::log_member(LogRecord& log, std::string_view key) {
  if (key == "timeUnixNano") return fields_.integer(log.time);
  if (key == "observedTimeUnixNano") return fields_.integer(log.observed_time);
  if (key == "severityNumber") {
    return fields_.enumeration(log.severity_number, "SEVERITY_NUMBER_", severities);
  }
  if (key == "severityText") return fields_.string(log.severity_text);
  if (key == "body") return values_.value(log.body);
  if (key == "attributes") return values_.attributes(log.attributes);
  if (key == "droppedAttributesCount") return fields_.integer(log.dropped_attributes);
  if (key == "flags") return fields_.integer(log.flags);
  if (key == "traceId") return fields_.id(log.trace_id.bytes);
  if (key == "spanId") return fields_.id(log.span_id.bytes);
  if (key == "eventName") return fields_.string(log.event_name);
  return fields_.skip();
}

}  // namespace

std::optional<Defect> read_json(std::string_view text, Visitor& visitor) {
  Reader reader(text, visitor);
  try {
    if (reader.read()) return std::nullopt;
  } catch (const ItemMemory::limit_reached&) {
    reader.fail("the item is too large");
  }
  return reader.defect();
}

}  // namespace posthaste::tools::otlp

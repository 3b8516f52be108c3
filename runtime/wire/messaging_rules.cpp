#include "runtime/wire/messaging_rules.h"

#include "runtime/wire/peer_address.h"

#include <algorithm>
#include <charconv>

namespace posthaste::wire {
namespace {

using enum Known;

constexpr std::string_view event_hub = "Microsoft.EventHub";

std::string_view implied_port(std::string_view system) noexcept {
  if (system == "kafka") return "9092";
  if (system == "rabbitmq") return "5672";
  return {};
}

/// Messaging attributes stay properties as well: they say more than the text made of them.
std::string_view place(SeenAttributes& seen) {
  std::string_view host = find_peer({implied_port(seen.text<messaging_system>())}, seen);
  if (host.empty()) host = seen.text<peer_address>();
  while (host.ends_with('/')) host.remove_suffix(1);
  const std::string_view destination =
      seen.text<messaging_destination_name, messaging_destination, message_bus_destination>();
  if (host.empty() || destination.empty()) return host.empty() ? destination : host;
  return seen.scratch().join({host, "/", destination});
}

double number_of(const model::ValueView& value) noexcept {
  if (value.type() == AttributeType::int64) return static_cast<double>(value.int64());
  if (value.type() == AttributeType::float64) return value.float64();
  double number = 0;
  const std::string_view text = value.type() == AttributeType::string ? value.string() : "";
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The mean of (start - enqueuedTime) over the links that have one, in ms, at least 0.
double time_since_enqueued(const SpanFacts& span) noexcept {
  const double start = static_cast<double>(span.start.time_since_epoch().count()) / 1e6;
  double sum = 0;
  int count = 0;
  for (const model::LinkView& link : span.links) {
    model::EntryRange attributes(link.attributes);
    while (const auto entry = attributes.next()) {
      if (entry->head.kind != model::EntryKind::attribute) continue;
      if (entry->key() != "enqueuedTime" || !is_truthy(entry->value())) continue;
      sum += start - number_of(entry->value());
      ++count;
    }
  }
  return count == 0 ? 0 : std::max(sum / count, 0.0);
}

void map_event_hub(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const std::string_view place = wire::place(seen);
  if (span.kind == SpanKind::consumer) {
    if (!place.empty()) fields.source = place;
    fields.time_since_enqueued = time_since_enqueued(span);
    return;
  }
  const bool sends = span.kind == SpanKind::client || span.kind == SpanKind::producer;
  if (!sends) return;
  if (!place.empty()) fields.target = place;
  fields.type = span.kind == SpanKind::client
                    ? event_hub
                    : seen.scratch().join({"Queue Message | ", event_hub});
}

}  // namespace

void map_messaging_request(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  if (span.kind != SpanKind::consumer) return;
  const std::string_view place = wire::place(seen);
  if (!place.empty()) fields.source = place;
}

void map_messaging_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  if (span.kind != SpanKind::producer && span.kind != SpanKind::client) return;
  if (const auto system = seen.first_of<messaging_system>()) fields.type = seen.text(system);
  const std::string_view place = wire::place(seen);
  if (place.empty()) return;
  fields.target = place;
  fields.data = place;
}

void override_by_azure(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const std::string_view name = seen.text<az_namespace>();
  if (name.empty()) return;
  if (span.kind == SpanKind::internal) fields.type = seen.scratch().join({"InProc | ", name});
  if (name == event_hub) map_event_hub(span, seen, fields);
}

}  // namespace posthaste::wire

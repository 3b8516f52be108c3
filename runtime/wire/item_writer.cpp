#include "runtime/wire/item_writer.h"

namespace posthaste::wire {
std::string_view envelope_name(ItemType type) noexcept {
  switch (type) {
    case ItemType::request: return "Request";
    case ItemType::dependency: return "RemoteDependency";
    case ItemType::exception: return "Exception";
    case ItemType::message: return "Message";
    case ItemType::event: return "Event";
    case ItemType::availability: return "Availability";
    case ItemType::page_view: return "PageView";
    case ItemType::metric: return "Metric";
  }
  return "";
}

ItemHead ItemHead::of(ItemType type, std::string_view instrumentation_key) {
  ByteBuffer out;
  JsonWriter json(out);
  json.raw(R"({"ver":1,"name":"Microsoft.ApplicationInsights.)");
  json.raw(envelope_name(type));
  json.raw(R"(","iKey":)");
  json.quoted(instrumentation_key);
  json.raw(R"(,"sampleRate":)");
  const std::size_t rate_at = out.size();
  json.raw(R"(100,"data":{"baseType":")");
  json.raw(envelope_name(type));
  json.raw(R"(Data","baseData":{"ver":2)");
  return {std::string(out.view()), rate_at};
}

void ItemWriter::begin_sampled(const ItemHead& head, double sample_rate) {
  const std::string_view text = head.text;
  json_.raw(text.substr(0, head.rate_at));
  json_.number(sample_rate);
  json_.raw(text.substr(head.rate_at + 3));
}

void ItemWriter::end(WallTime time, TimestampWriter& times, const Operation& operation,
                     std::string_view constant_tags, std::string_view tags) {
  ByteBuffer& out = json_.out();
  char* at = put_literal(out.room(192), R"(}},"time":")");
  at = times.put(at, time);
  at = put_literal(at, R"(","tags":{)");
  if (operation.trace.is_valid()) {
    at = put_literal(at, R"("ai.operation.id":")");
    at = put_hex16(at, operation.trace.bytes.data());
    at = put_literal(at, R"(",)");
  }
  if (operation.parent.is_valid()) {
    at = put_literal(at, R"("ai.operation.parentId":")");
    at = put_hex8(at, operation.parent.bytes.data());
    at = put_literal(at, R"(",)");
  }
  out.end_at(at);
  out.append(constant_tags);
  out.append(tags);
  out.literal("}}\n");
}

}  // namespace posthaste::wire

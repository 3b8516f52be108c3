#include "runtime/wire/item_writer.h"

#include "runtime/wire/hex.h"

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

void ItemWriter::operation(const TraceId& trace, const SpanId& parent) {
  if (trace.is_valid()) {
    json_.raw(R"(,"ai.operation.id":")");
    json_.hex16(trace.bytes.data());
    json_.raw("\"");
  }
  if (!parent.is_valid()) return;
  json_.raw(R"(,"ai.operation.parentId":")");
  json_.hex8(parent.bytes.data());
  json_.raw("\"");
}

void ItemWriter::begin_data(ItemType type, WallTime time, double sample_rate,
                            TimestampWriter& times) {
  json_.raw(R"(},"time":")");
  ByteBuffer& out = json_.out();
  out.end_at(times.put(out.room(TimestampWriter::size), time));
  if (sample_rate == 100) {
    json_.raw(R"(","sampleRate":100,"data":{"baseType":")");
  } else {
    json_.raw(R"(","sampleRate":)");
    json_.number(sample_rate);
    json_.raw(R"(,"data":{"baseType":")");
  }
  switch (type) {
    case ItemType::request: return json_.raw(R"(RequestData","baseData":{"ver":2)");
    case ItemType::dependency: return json_.raw(R"(RemoteDependencyData","baseData":{"ver":2)");
    case ItemType::exception: return json_.raw(R"(ExceptionData","baseData":{"ver":2)");
    case ItemType::message: return json_.raw(R"(MessageData","baseData":{"ver":2)");
    case ItemType::event: return json_.raw(R"(EventData","baseData":{"ver":2)");
    case ItemType::availability: return json_.raw(R"(AvailabilityData","baseData":{"ver":2)");
    case ItemType::page_view: return json_.raw(R"(PageViewData","baseData":{"ver":2)");
    case ItemType::metric: return json_.raw(R"(MetricData","baseData":{"ver":2)");
  }
}

void ItemWriter::duration(std::chrono::nanoseconds duration) {
  json_.raw(R"(,"duration":")");
  ByteBuffer& out = json_.out();
  out.end_at(put_duration(out.room(duration_size), duration));
  json_.raw("\"");
}

void ItemWriter::success(bool success) {
  if (success) return json_.raw(R"(,"success":true)");
  json_.raw(R"(,"success":false)");
}

}  // namespace posthaste::wire

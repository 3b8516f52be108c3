#pragma once

/// Writes one item, that is one line of a body, from its constant head to its line feed:
///
///   {"ver":1,"name":"...","iKey":"...","tags":{ constant, operation, user },"time":"...",
///    "sampleRate":100,"data":{"baseType":"...","baseData":{"ver":2, fields, "properties":{...}}}}
///
/// The order of calls is the order of the line: begin, operation, tag*, begin_data, field*,
/// properties, end. Used by request_data.h and its like; threads: none.

#include <posthaste/ids.h>

#include "runtime/wire/item_limits.h"
#include "runtime/wire/json_writer.h"
#include "runtime/wire/text_limits.h"
#include "runtime/wire/timestamp.h"

#include <cstdint>
#include <string_view>

namespace posthaste::wire {

enum class ItemType : std::uint8_t {
  request,
  dependency,
  exception,
  message,
  event,
  availability,
  page_view,
  metric
};
inline constexpr std::size_t item_type_count = 8;
std::string_view envelope_name(ItemType type) noexcept;

class ItemWriter {
public:
  ItemWriter(ByteBuffer& out, const TextLimits& limits) noexcept : json_(out), limits_(limits) {}

  JsonWriter& json() noexcept { return json_; }
  const TextLimits& limits() const noexcept { return limits_; }

  /// `head` ends inside the tags, behind at least one of them.
  void begin(std::string_view head) { json_.raw(head); }
  /// Trace and parent; ids that are not valid are left out.
  void operation(const TraceId& trace, const SpanId& parent);
  /// `key` is `,"name":"`; an empty text writes nothing. For fields that may be absent as well.
  template <std::size_t N>
  void tag(const char (&key)[N], std::string_view text, std::size_t units) {
    if (!text.empty()) field(key, text, units);
  }
  void begin_data(ItemType type, WallTime time, double sample_rate, TimestampWriter& times);
  /// `key` is `,"name":"`; `text` is cut to `units`.
  template <std::size_t N>
  void field(const char (&key)[N], std::string_view text, std::size_t units) {
    const std::string_view cut = cut_units(text, units);
    ByteBuffer& out = json_.out();
    char* at = out.room(N + escaped_bound(cut.size()));
    std::memcpy(at, key, N - 1);
    at = escape(at + N - 1, cut);
    *at++ = '"';
    out.end_at(at);
  }
  void duration(std::chrono::nanoseconds duration);
  void success(bool success);
  void end() { json_.raw("}}}\n"); }

private:
  JsonWriter json_;
  TextLimits limits_;
};

}  // namespace posthaste::wire

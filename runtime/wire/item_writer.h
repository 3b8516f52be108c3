#pragma once

/// Writes one item, that is one line of a body, from its constant head to its line feed:
///
///   {"ver":1,"name":"...","iKey":"...","sampleRate":100,"data":{"baseType":"...","baseData":{"ver":2,
///    fields, "properties":{...}, "measurements":{...}, "duration":"...","id":"..."}},
///    "time":"...","tags":{operation ids, constant, operation name, user}}
///
/// What differs in every item (duration, id, time, operation ids) stands side by side, and what is
/// the same in all stands in one piece: gzip takes a tenth less time and room so
/// (docs/decisions/0032-what-differs-stands-together.md). The order of calls is the order of the
/// line: begin, field*, properties, end. The tags are written before, into a buffer of their own,
/// as they say which attributes are no properties. Used by span_data.h and its like; threads: none.

#include <posthaste/ids.h>

#include "runtime/wire/item_limits.h"
#include "runtime/wire/json_writer.h"
#include "runtime/wire/text_limits.h"
#include "runtime/wire/timestamp.h"

#include <cstdint>
#include <string>
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

/// Where an item belongs: its trace, and the span above it. Ids that are not valid are left out.
struct Operation {
  TraceId trace = {};
  SpanId parent = {};
};

/// What the items of one type have before their first field.
struct ItemHead {
  std::string text;         // up to and with `"baseData":{"ver":2`, of a sample rate of 100
  std::size_t rate_at = 0;  // where `100` stands in it

  static ItemHead of(ItemType type, std::string_view instrumentation_key);
};

class ItemWriter {
public:
  ItemWriter(ByteBuffer& out, const TextLimits& limits) noexcept : json_(out), limits_(limits) {}

  JsonWriter& json() noexcept { return json_; }
  const TextLimits& limits() const noexcept { return limits_; }

  void begin(const ItemHead& head, double sample_rate) {
    if (sample_rate == 100) [[likely]]
      return json_.raw(head.text);
    begin_sampled(head, sample_rate);
  }
  /// `key` is `,"name":"`; an empty text writes nothing. For fields that may be absent as well.
  template <std::size_t N>
  void tag(const char (&key)[N], std::string_view text, std::size_t units) {
    if (!text.empty()) field(key, text, units);
  }
  /// `key` is `,"name":"`; `text` is cut to `units`.
  template <std::size_t N>
  void field(const char (&key)[N], std::string_view text, std::size_t units) {
    const std::string_view cut = cut_units(text, units);
    ByteBuffer& out = json_.out();
    char* const at = put_literal(out.room(N + escaped_bound(cut.size())), key);
    out.end_at(put_literal(escape(at, cut), "\""));
  }
  void success(bool success) {
    if (success) return json_.raw(R"(,"success":true)");
    json_.raw(R"(,"success":false)");
  }
  /// `constant_tags` without a comma at either end, not empty; `tags` each with a comma before it.
  void end(WallTime time, TimestampWriter& times, const Operation& operation,
           std::string_view constant_tags, std::string_view tags);

private:
  void begin_sampled(const ItemHead& head, double sample_rate);

  JsonWriter json_;
  TextLimits limits_;
};

}  // namespace posthaste::wire

#pragma once

/// A record: one ended span, one log or one metric point as bytes, position-independent and
/// self-contained. This is what an application thread writes, what lies in lanes, log and crash
/// files, and what the encoders read.
///
///   | RecordHead, 96 bytes | entry | entry | ...        everything little-endian, 8-byte aligned
///
/// A metric point has a MetricHead instead, of the same size (metric_point.h).
///
/// An entry is an EntryHead of 8 bytes, then its payload, padded with anything to 8 bytes:
///
///   attribute of a word type   value (8 bytes: int64, double bits, 0/1), key
///   any other attribute        key, value
///   name, operation_name, ...  text
///   body                       value of any attribute type (EntryHead.value_type), no key
///   event                      EventHead, name, nested attribute entries
///   link                       LinkHead, trace state, nested attribute entries
///
/// Array values are packed: 8 bytes an int64 or double, 1 byte a boolean, u32 length + bytes a
/// string. A list or a map is attribute entries one after the other, those of a list without keys;
/// at most `nesting_limit` levels. An entry whose `dead` flag is set was replaced by a later one;
/// readers skip it. Of several live entries of a text kind the last counts (a crash may leave
/// both).
///
/// Compatibility: written and read on one machine within two days, perhaps by two versions of this
/// library. `arena::format_version` guards the layout; docs/formats/arena.md describes it.

#include <posthaste/attributes.h>
#include <posthaste/ids.h>

#include "runtime/base/otlp_signal.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace posthaste::model {

static_assert(std::endian::native == std::endian::little, "records are little-endian");

/// No record is longer; what does not fit is cut and counted in the record's dropped counts.
inline constexpr std::uint32_t record_size_limit = 65'536;

/// A list in a map in a list: no deeper.
inline constexpr int nesting_limit = 8;

enum class RecordType : std::uint8_t { span = 1, log = 2, metric_point = 3 };

/// Bits of RecordHead::flags.
namespace record_flag {
inline constexpr std::uint16_t start_is_wall = 1;  // `start` is ns since the epoch, not ticks
inline constexpr std::uint16_t end_is_wall = 2;    // `end` likewise
inline constexpr std::uint16_t parent_remote = 4;  // the parent is in another process
inline constexpr std::uint16_t local_root = 8;     // no parent in this process
inline constexpr std::uint16_t interrupted = 16;   // the process died while the span was open
inline constexpr std::uint16_t truncated = 32;     // something was cut to fit a size limit
inline constexpr std::uint16_t has_dead = 64;      // some entry is dead
inline constexpr std::uint16_t measured = 128;     // to be measured alone: never sent
inline constexpr std::uint16_t self_metric = 256;  // a metric point about Posthaste itself
}  // namespace record_flag

struct RecordHead {
  std::uint64_t commit;  // length | check << 32; see arena/lane.h. Written last.
  std::uint64_t origin;  // where it lay in a lane; see arena/place.h
  RecordType type;
  std::uint8_t kind;         // span: SpanKind; log: severity number 0..24
  std::uint8_t status;       // span: StatusCode
  std::uint8_t trace_flags;  // W3C, bit 0 = sampled
  std::uint16_t flags;       // record_flag
  std::uint16_t scope;       // index into the arena's table of instrumentation scopes
  TraceId trace_id;
  SpanId span_id;  // log: the span it was written in, or none
  SpanId parent_span_id;
  std::uint64_t start;       // span: start; log: time of the event
  std::uint64_t end;         // span: end; log: time of observation
  double sample_rate;        // percent, (0, 100]: stands for 100/rate originals
  std::uint16_t attributes;  // live entries of each kind
  std::uint16_t events;
  std::uint16_t links;
  std::uint16_t dropped_links;  // saturating, as the next two
  std::uint32_t dropped_attributes;
  std::uint32_t dropped_events;

  std::uint32_t length() const noexcept { return static_cast<std::uint32_t>(commit); }
};
static_assert(sizeof(RecordHead) == 96 && std::is_trivially_copyable_v<RecordHead>);

/// Whether the record is to be measured alone.
inline bool is_only_measured(const RecordHead& record) noexcept {
  return record.type != RecordType::metric_point && (record.flags & record_flag::measured) != 0;
}

enum class EntryKind : std::uint8_t {
  attribute = 1,
  event = 2,
  link = 3,
  name = 4,            // of the span
  operation_name = 5,  // of the local root; a local root has none: it is called as it is
  trace_state = 6,
  status_description = 7,
  body = 8,
  severity_text = 9,
  event_name = 10,  // of a log record
  // of metric points: runtime/model/metric_point.h
  unit = 11,
  description = 12,
  explicit_buckets = 13,
  exponential_buckets = 14,
  quantiles = 15,
  exemplar = 16,
  metadata = 17,
  scope_attributes = 18,  // of any record; its scope's name and version are in the arena's table
};

struct EntryHead {
  EntryKind kind;
  std::uint8_t value_type;  // AttributeType of an attribute or body; else 0. Bit 7: dead.
  std::uint16_t key_size;
  std::uint32_t size;  // of the payload: key and value, without padding

  static constexpr std::uint8_t dead_bit = 0x80;
  bool dead() const noexcept { return (value_type & dead_bit) != 0; }
};
static_assert(sizeof(EntryHead) == 8);

struct EventHead {
  std::uint64_t time;  // ticks, or ns since the epoch when time_is_wall
  std::uint32_t dropped_attributes;
  std::uint16_t name_size;
  std::uint16_t attributes : 15;
  std::uint16_t time_is_wall : 1;
};
static_assert(sizeof(EventHead) == 16);

struct LinkHead {
  TraceId trace_id;
  SpanId span_id;
  std::uint32_t dropped_attributes;
  std::uint16_t trace_state_size;
  std::uint8_t trace_flags;
  std::uint8_t attributes;  // at most 255 are kept
};
static_assert(sizeof(LinkHead) == 32);

constexpr OtlpSignal otlp_signal_of(RecordType type) noexcept {
  switch (type) {
    case RecordType::span: return OtlpSignal::traces;
    case RecordType::metric_point: return OtlpSignal::metrics;
    case RecordType::log: break;
  }
  return OtlpSignal::logs;
}

constexpr std::uint32_t padded(std::uint32_t size) noexcept {
  return (size + 7) & ~7u;
}

constexpr bool is_word(AttributeType type) noexcept {
  return type == AttributeType::int64 || type == AttributeType::float64 ||
         type == AttributeType::boolean;
}

}  // namespace posthaste::model

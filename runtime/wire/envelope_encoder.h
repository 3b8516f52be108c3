#pragma once

/// From records to Application Insights items: one line of NDJSON for a span and one more for each
/// of its events, one line for a log, one for a metric point.
///
///   record ──► walk its entries once ──► map (span_rules.h) ──► lines at the end of a ByteBuffer
///              (record_parts.h)                                 (item_writer.h, properties.h)
///
/// The batcher of each output has one, on its actor thread; `posthaste convert` and tests too.
/// Pure: no clock, no I/O. A line costs 1,800 (log) to 5,200 (HTTP
/// span) instructions. Memory: 64 KiB of scratch, kept.
/// A record that cannot be encoded is refused by name and leaves the buffer as it was, so its batch
/// goes on. Texts above the service's limits are cut; no line is longer than `item_size_limit`.

#include "runtime/base/tick_clock.h"
#include "runtime/model/record_view.h"
#include "runtime/model/resource.h"
#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/item_writer.h"
#include "runtime/wire/measurements.h"
#include "runtime/wire/properties.h"
#include "runtime/wire/record_parts.h"
#include "runtime/wire/span_fields.h"
#include "runtime/wire/tags.h"

#include <array>
#include <functional>
#include <string>

namespace posthaste::wire {

/// An instrumentation scope: the library that a tracer or logger was made for.
struct Scope {
  std::string_view name = {};
  std::string_view version = {};
  std::string_view schema_url = {};
};

struct EncoderContext {
  std::string instrumentation_key;
  model::Resource resource;
  std::string sdk_version = "ulm_cpp20:otel1.0.0:ext0.1.0";  // ai.internal.sdkVersion
  TickScale tick_scale;
  bool include_scope = false;  // properties otel.scope.name and otel.scope.version
  /// Items that the standard metrics count say so, and the service does not count them again.
  bool marks_measured = false;
  /// Points of the standard metrics get the dimensions that are the same for the whole process.
  bool standard_dimensions = false;
  /// May be empty. Asked for metric points (the meter is their namespace), and with include_scope.
  std::function<Scope(std::uint16_t)> scope_of;
};

enum class EncodeRefusal : std::uint8_t {
  none,
  damaged,     // its bytes make no sense
  not_finite,  // a metric point without a value that the service could take
  too_large,   // no cutting makes a line short enough
  out_of_memory,
};
std::string_view to_string(EncodeRefusal refusal) noexcept;

struct EncodeResult {
  std::uint32_t items = 0;  // lines appended; the record's own is the first
  EncodeRefusal refused = EncodeRefusal::none;
};

class EnvelopeEncoder {
public:
  explicit EnvelopeEncoder(EncoderContext context);
  EnvelopeEncoder(const EnvelopeEncoder&) = delete;
  EnvelopeEncoder& operator=(const EnvelopeEncoder&) = delete;

  /// What ticks mean from now on; records of a dead process need theirs.
  void set_tick_scale(const TickScale& scale) noexcept { context_.tick_scale = scale; }

  /// From now on each item stands for 1/part times as many as its record does; above 0, at most 1.
  void set_part(double part) noexcept { part_ = part; }

  EncodeResult encode(const model::RecordView& record, ByteBuffer& out) noexcept;
  /// What the items beneath `root`, a span, have as their operation name; borrows from it and from
  /// the encoder, until the next call.
  std::string_view operation_name(const model::RecordView& root);

private:
  EncodeResult encode_record(const model::RecordView& record, ByteBuffer& out);
  EncodeResult encode_span(const model::RecordHead& head, ByteBuffer& out);
  EncodeResult encode_log(const model::RecordHead& head, ByteBuffer& out);
  EncodeResult encode_metric(const model::RecordView& record, ByteBuffer& out);
  SpanFields map(const model::RecordHead& head);
  bool write_span(const model::RecordHead& head, ByteBuffer& out);
  void write_span_properties(ItemWriter& item, ItemType type, const model::RecordHead& head);
  bool write_event(const model::RecordHead& head, const model::EventView& event, ByteBuffer& out);
  void measure(SeenAttributes& seen);
  void mark_measured(ItemType type, PropertyWriter& properties) const;
  void add_standard_dimensions(std::string_view metric, PropertyWriter& properties) const;
  void add_scope(std::uint16_t scope, PropertyWriter& properties) const;
  template <class Write>
  bool write_fitting(ByteBuffer& out, Write&& write);
  const ItemHead& head_of(ItemType type) const noexcept {
    return heads_[static_cast<std::size_t>(type)];
  }

  EncoderContext context_;
  std::array<ItemHead, item_type_count> heads_;
  std::string constant_tags_;
  DeviceTags device_;
  std::string role_;
  std::string role_instance_;
  TimestampWriter times_;
  double part_ = 1;
  double rate_ = 100;
  RecordParts parts_;
  SeenAttributes event_seen_{parts_.scratch};
  Measurements measurements_;
  ByteBuffer tags_;              // of the item being written
  std::size_t shared_tags_ = 0;  // so much of them belongs to a span's events as well
};

}  // namespace posthaste::wire

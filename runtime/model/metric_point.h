#pragma once

/// A metric point as a record: one data point of one time series, complete to OTLP's data model,
/// self-contained and position-independent like every record. The aggregators write them into a
/// lane; encoders read them by metric_point_view.h; metric_point_builder.h builds them.
///
///   | MetricHead, 96 bytes | name | unit | description | attributes | buckets | exemplars ... |
///
/// MetricHead has the size and the first 24 bytes of RecordHead; what a span keeps in its ids, a
/// point keeps as value, count, min and max, so that a sum or a gauge costs no entry beyond its
/// name and attributes. `events` of RecordHead is 0 here: a point is one item. Entries of its own:
///
///   unit, description       text
///   explicit_buckets        ExplicitBucketsHead, bounds (double), counts (bounds + 1)
///   exponential_buckets     ExponentialBucketsHead, positive counts, negative counts
///   quantiles               pairs of double: quantile, value
///   exemplar                ExemplarHead, nested attribute entries (the filtered ones)
///   scope_attributes        nested attribute entries, of the instrumentation scope
///   metadata                nested attribute entries, of the metric (OTLP's Metric.metadata)
///
/// Counts are packed in the least of 1, 2, 4 and 8 bytes that holds the greatest of the entry.

#include "runtime/model/record.h"

#include <cstddef>
#include <cstring>

namespace posthaste::model {

enum class MetricKind : std::uint8_t {
  gauge = 1,
  sum = 2,
  histogram = 3,  // explicit boundaries
  exponential_histogram = 4,
  summary = 5,
};

enum class Temporality : std::uint8_t { unspecified = 0, delta = 1, cumulative = 2 };

/// Bits of MetricHead::traits.
namespace metric_trait {
inline constexpr std::uint8_t has_value = 1;  // `value` counts; a histogram may have no sum
inline constexpr std::uint8_t integer = 2;    // `value` is an int64, else a double
inline constexpr std::uint8_t monotonic = 4;  // of a sum
inline constexpr std::uint8_t has_min = 8;
inline constexpr std::uint8_t has_max = 16;
}  // namespace metric_trait

/// Bits of MetricHead::point_flags, as in OTLP.
inline constexpr std::uint32_t no_recorded_value = 1;

struct MetricHead {
  std::uint64_t commit;  // these as in RecordHead
  std::uint64_t origin;
  RecordType type;
  MetricKind kind;
  Temporality temporality;  // of a sum or histogram
  std::uint8_t traits;      // metric_trait
  std::uint16_t flags;      // record_flag
  std::uint16_t scope;
  std::uint64_t value;  // bits of int64 or double: of a gauge or sum; the sum of the others
  std::uint64_t count;  // of a histogram or summary
  double min;
  double max;
  std::uint64_t start;  // of the interval; 0: unknown
  std::uint64_t end;    // of the point
  double sample_rate;   // 100
  std::uint16_t attributes;
  std::uint16_t events;  // 0
  std::uint16_t exemplars;
  std::uint16_t outputs;  // bit o: the output number o takes it; 0: all do
  std::uint32_t dropped_attributes;
  std::uint32_t point_flags;

  std::int64_t int64() const noexcept { return static_cast<std::int64_t>(value); }
  double float64() const noexcept {
    return has(metric_trait::integer) ? static_cast<double>(int64()) : std::bit_cast<double>(value);
  }
  bool has(std::uint8_t trait) const noexcept { return (traits & trait) != 0; }
  bool is_for(std::uint32_t output) const noexcept {
    return outputs == 0 || (outputs >> output & 1) != 0;
  }
};
static_assert(sizeof(MetricHead) == sizeof(RecordHead));
static_assert(offsetof(MetricHead, flags) == offsetof(RecordHead, flags) &&
              offsetof(MetricHead, scope) == offsetof(RecordHead, scope) &&
              offsetof(MetricHead, start) == offsetof(RecordHead, start) &&
              offsetof(MetricHead, end) == offsetof(RecordHead, end) &&
              offsetof(MetricHead, sample_rate) == offsetof(RecordHead, sample_rate) &&
              offsetof(MetricHead, attributes) == offsetof(RecordHead, attributes) &&
              offsetof(MetricHead, events) == offsetof(RecordHead, events) &&
              std::is_trivially_copyable_v<MetricHead>);

/// Whether the output takes the record: of metric points each may be for some outputs alone.
inline bool is_for(const RecordHead& record, std::uint32_t output) noexcept {
  if (record.type != RecordType::metric_point) return true;
  MetricHead head;
  std::memcpy(&head, &record, sizeof head);
  return head.is_for(output);
}

struct ExplicitBucketsHead {
  std::uint32_t bounds;
  std::uint8_t count_width;  // 1, 2, 4 or 8 bytes
  std::uint8_t padding[3];
};
static_assert(sizeof(ExplicitBucketsHead) == 8);

/// Bucket i of the positive range counts values in (base^(offset+i), base^(offset+i+1)], where
/// base = 2^(2^-scale); the negative range likewise, of the values' amounts.
struct ExponentialBucketsHead {
  std::uint64_t zero_count;
  double zero_threshold;
  std::int32_t scale;
  std::int32_t positive_offset;
  std::int32_t negative_offset;
  std::uint32_t positive_buckets;
  std::uint32_t negative_buckets;
  std::uint8_t count_width;
  std::uint8_t padding[3];
};
static_assert(sizeof(ExponentialBucketsHead) == 40);

struct ExemplarHead {
  std::uint64_t time;   // ticks, or ns since the epoch when time_is_wall
  std::uint64_t value;  // bits of int64 or double
  TraceId trace_id;     // zero: measured outside of a trace
  SpanId span_id;
  std::uint16_t attributes;
  std::uint8_t integer;  // 1: `value` is an int64
  std::uint8_t time_is_wall;
  std::uint8_t padding[4];
};
static_assert(sizeof(ExemplarHead) == 48);

}  // namespace posthaste::model

#pragma once

/// What an OTLP export request holds, item by item: the messages of opentelemetry-proto 1.x as
/// plain values, whichever encoding they came in. Times are nanoseconds since 1970, 0 where none
/// was given; enumerations keep their numbers, also unknown ones. Everything borrows from the
/// reader, until the call that it is passed to returns.

#include "tools/otlp/value.h"

#include <posthaste/ids.h>

#include <optional>

namespace posthaste::tools::otlp {

enum class Signal : std::uint8_t { traces, metrics, logs };

struct Resource {
  std::span<const KeyValue> attributes;
};

struct Scope {
  std::string_view name;
  std::string_view version;
  std::span<const KeyValue> attributes;
};

struct SpanEvent {
  std::uint64_t time = 0;
  std::string_view name;
  std::span<const KeyValue> attributes;
  std::uint32_t dropped_attributes = 0;
};

struct SpanLink {
  TraceId trace_id;
  SpanId span_id;
  std::string_view trace_state;
  std::span<const KeyValue> attributes;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t flags = 0;
};

struct Span {
  /// Bits of `flags` above the eight of W3C: whether the parent is known to be in another process.
  static constexpr std::uint32_t has_is_remote = 0x100;
  static constexpr std::uint32_t is_remote = 0x200;

  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;
  std::string_view trace_state;
  std::string_view name;
  std::int32_t kind = 0;  // 1 internal, 2 server, 3 client, 4 producer, 5 consumer
  std::uint32_t flags = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::span<const KeyValue> attributes;
  std::span<const SpanEvent> events;
  std::span<const SpanLink> links;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  std::int32_t status_code = 0;  // 0 unset, 1 ok, 2 error
  std::string_view status_message;
};

struct LogRecord {
  TraceId trace_id;
  SpanId span_id;
  std::uint64_t time = 0;
  std::uint64_t observed_time = 0;
  std::int32_t severity_number = 0;
  std::uint32_t flags = 0;
  std::string_view severity_text;
  std::string_view event_name;
  Value body;
  std::span<const KeyValue> attributes;
  std::uint32_t dropped_attributes = 0;
};

enum class MetricKind : std::uint8_t { gauge, sum, histogram, exponential_histogram, summary };

/// What the points of one metric have in common.
struct Metric {
  std::string_view name;
  std::string_view description;
  std::string_view unit;
  MetricKind kind = MetricKind::gauge;
  std::int32_t temporality = 0;  // 1 delta, 2 cumulative
  bool is_monotonic = false;
};

struct Buckets {
  std::int32_t offset = 0;
  std::span<const std::uint64_t> counts;
};

struct Quantile {
  double quantile = 0;
  double value = 0;
};

/// A data point of any kind; which fields count is said by `Metric::kind`.
struct MetricPoint {
  static constexpr std::uint32_t no_recorded_value = 1;  // a bit of `flags`

  std::span<const KeyValue> attributes;
  std::uint64_t start = 0;
  std::uint64_t time = 0;
  std::uint32_t flags = 0;
  // gauge, sum: an int64 or a float64; unset where the point has none
  Value value;
  // histogram, exponential_histogram, summary
  std::uint64_t count = 0;
  std::optional<double> sum;
  std::optional<double> min;
  std::optional<double> max;
  // histogram
  std::span<const std::uint64_t> bucket_counts;
  std::span<const double> explicit_bounds;
  // exponential_histogram
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  Buckets positive;
  Buckets negative;
  // summary
  std::span<const Quantile> quantiles;
};

}  // namespace posthaste::tools::otlp

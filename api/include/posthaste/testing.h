#pragma once

/// For an application's own unit tests: what was recorded, in memory, as plain values.
///
///   posthaste::testing::InMemoryOutput memory;
///   auto telemetry = posthaste::start({.service_name = "test", .outputs = {memory.output()}});
///   ...
///   telemetry.flush(std::chrono::seconds(1));
///   EXPECT_EQ(memory.spans().at(0).name, "charge card");
///
/// Threads:  any. Blocking: a mutex, for the time of a copy.
/// Memory:   keeps everything until clear(); meant for tests, not for servers.

#include <posthaste/export.h>
#include <posthaste/ids.h>
#include <posthaste/settings.h>
#include <posthaste/span.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace posthaste::testing {

/// Bytes are a string of them; lists and maps are JSON text.
using Value = std::variant<std::string, bool, std::int64_t, double, std::vector<std::string>,
                           std::vector<bool>, std::vector<std::int64_t>, std::vector<double>>;
using ValueMap = std::map<std::string, Value, std::less<>>;

struct RecordedEvent {
  std::string name;
  TimePoint time;
  ValueMap attributes;
};

struct RecordedLink {
  TraceId trace_id;
  SpanId span_id;
  ValueMap attributes;
};

struct RecordedSpan {
  std::string name;
  SpanKind kind = SpanKind::internal;
  StatusCode status = StatusCode::unset;
  std::string status_description;
  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;       // none: a root
  std::string operation_name;  // of the local root
  std::string trace_state;
  std::string scope_name;
  std::string scope_version;
  TimePoint start;
  TimePoint end;
  double sample_rate = 100;  // percent
  ValueMap attributes;
  std::vector<RecordedEvent> events;
  std::vector<RecordedLink> links;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
};

struct RecordedLog {
  Severity severity = Severity::info;
  std::string severity_text;
  Value body;
  std::string event_name;
  TraceId trace_id;  // none: written outside of any span
  SpanId span_id;
  std::string operation_name;
  std::string scope_name;
  std::string scope_version;
  TimePoint time;
  ValueMap attributes;
  std::uint32_t dropped_attributes = 0;
};

enum class MetricKind : std::uint8_t {
  gauge = 1,
  sum,
  histogram,  // by boundaries
  exponential_histogram,
};

/// A measurement that a point sums up, as an example.
struct RecordedExemplar {
  double value = 0;
  TraceId trace_id;  // none: measured outside of any span
  SpanId span_id;
  ValueMap attributes;  // those that a view had left out of the series
};

/// One point of one series, as of one collection; what grows is told as its output wants it,
/// the growth since the collection before unless LocalOutput::metrics says else.
struct RecordedPoint {
  std::string name;
  std::string unit;
  std::string description;
  MetricKind kind = MetricKind::gauge;
  std::string scope_name;  // of the meter
  std::string scope_version;
  TimePoint start;  // of the interval; 1970 for a gauge
  TimePoint time;
  bool cumulative = false;  // the whole sum (up-down counters), not its growth
  bool monotonic = false;
  std::variant<std::int64_t, double> value;  // of a gauge or sum; a histogram's sum
  std::uint64_t count = 0;                   // of a histogram, as what follows
  double min = 0;
  double max = 0;
  std::vector<double> boundaries;
  std::vector<std::uint64_t> bucket_counts;  // of an exponential one: from bucket `offset` on
  std::int32_t scale = 0;
  std::int32_t offset = 0;
  std::uint64_t zero_count = 0;
  std::vector<RecordedExemplar> exemplars;
  ValueMap attributes;

  double number() const {
    return value.index() == 0 ? static_cast<double>(std::get<0>(value)) : std::get<1>(value);
  }
};

class POSTHASTE_API InMemoryOutput {
public:
  InMemoryOutput();
  ~InMemoryOutput();
  InMemoryOutput(const InMemoryOutput&) = delete;
  InMemoryOutput& operator=(const InMemoryOutput&) = delete;

  /// For Settings::outputs. The Telemetry may outlive this object.
  LocalOutput output() const;

  /// Copies of everything delivered so far, in the order of recording on each thread. A flush of
  /// the Telemetry brings in what was recorded before it.
  std::vector<RecordedSpan> spans() const;
  std::vector<RecordedLog> logs() const;
  std::vector<RecordedPoint> points() const;
  /// The first span of that name; a default one if there is none.
  RecordedSpan span(std::string_view name) const;
  /// All points of that metric whose attributes have these values, in order.
  std::vector<RecordedPoint> points(std::string_view name, const ValueMap& attributes = {}) const;
  void clear();

private:
  class Sink;
  std::shared_ptr<Sink> sink_;
};

}  // namespace posthaste::testing

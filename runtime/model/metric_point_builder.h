#pragma once

/// Builds metric points (metric_point.h) in a buffer that grows: the aggregators, `posthaste
/// convert` and tests have one each.
///
///   MetricPointBuilder point(MetricKind::sum, "orders");
///   point.value(std::int64_t{3}).head().temporality = Temporality::delta;
///   point.record().attribute("route", "/pay");
///   lane.write(point.bytes());
///
/// Threads: none. Memory: the buffer keeps its size from point to point. Full: an entry that would
/// take the point past `record_size_limit` is left out, and the record is marked truncated.

#include "runtime/model/metric_point.h"
#include "runtime/model/record_builder.h"

#include <span>
#include <string_view>
#include <vector>

namespace posthaste::model {

/// An exponential histogram's buckets, as the builder takes them.
struct ExponentialBuckets {
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  std::int32_t positive_offset = 0;
  std::span<const std::uint64_t> positive = {};
  std::int32_t negative_offset = 0;
  std::span<const std::uint64_t> negative = {};
};

struct Quantile {
  double quantile;  // in [0, 1]
  double value;
};
static_assert(sizeof(Quantile) == 16);

struct Exemplar {
  std::uint64_t time = 0;  // ns since the epoch when `time_is_wall`, else ticks
  bool time_is_wall = true;
  std::uint64_t value = 0;  // bits of an int64 when `integer`, else of a double
  bool integer = false;
  TraceId trace_id = {};
  SpanId span_id = {};
};

class MetricPointBuilder {
public:
  MetricPointBuilder() : record_(RecordType::metric_point) { start(MetricKind::gauge, {}); }
  MetricPointBuilder(MetricKind kind, std::string_view name) : MetricPointBuilder() {
    start(kind, name);
  }

  /// Forgets everything and begins another point. Times are wall times until the flags say else.
  void start(MetricKind kind, std::string_view name);

  /// Temporality, times, scope, outputs, point flags: set them as you like. The rest is kept here.
  MetricHead& head() noexcept { return head_; }
  /// For attributes: attribute(), attributes() and attribute_entries().
  RecordBuilder& record() noexcept { return record_; }

  /// Of a gauge or sum; the sum of a histogram or summary.
  MetricPointBuilder& value(std::int64_t value) noexcept;
  MetricPointBuilder& value(double value) noexcept;
  MetricPointBuilder& count(std::uint64_t count) noexcept;
  MetricPointBuilder& min(double min) noexcept;
  MetricPointBuilder& max(double max) noexcept;

  /// Empty texts take no entry.
  MetricPointBuilder& unit(std::string_view unit);
  MetricPointBuilder& description(std::string_view description);
  /// `counts` are one more than `bounds`, else nothing is added.
  MetricPointBuilder& buckets(std::span<const double> bounds,
                              std::span<const std::uint64_t> counts);
  MetricPointBuilder& buckets(const ExponentialBuckets& buckets);
  MetricPointBuilder& quantiles(std::span<const Quantile> quantiles);
  MetricPointBuilder& exemplar(const Exemplar& exemplar, const Attributes& filtered = {});
  /// `filtered` are entries of so many attributes.
  MetricPointBuilder& exemplar(const Exemplar& exemplar, std::span<const std::byte> filtered,
                               std::uint16_t attributes);
  MetricPointBuilder& metadata(const Attributes& attributes);
  MetricPointBuilder& scope_attributes(const Attributes& attributes);

  /// The point so far, 8-byte aligned, good until the builder is touched again.
  std::span<const std::byte> bytes() noexcept;

private:
  template <class T>
  void put(const T& value);
  void put_exemplar(const Exemplar& exemplar);
  MetricPointBuilder& end_exemplar(std::uint16_t attributes);
  void put_bytes(std::span<const std::byte> bytes);
  std::uint16_t put_nested(const Attributes& attributes);
  void put_counts(std::span<const std::uint64_t> counts, std::uint8_t width);

  MetricHead head_{};
  RecordBuilder record_;
  std::vector<std::byte> payload_;  // of the entry being made
};

}  // namespace posthaste::model

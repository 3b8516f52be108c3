#include "tools/otlp/json_points.h"

namespace posthaste::tools::otlp {
namespace {

constexpr std::array<std::string_view, 3> temporalities{"UNSPECIFIED", "DELTA", "CUMULATIVE"};

std::optional<MetricKind> kind_of(std::string_view key) noexcept {
  if (key == "gauge") return MetricKind::gauge;
  if (key == "sum") return MetricKind::sum;
  if (key == "histogram") return MetricKind::histogram;
  if (key == "exponentialHistogram") return MetricKind::exponential_histogram;
  if (key == "summary") return MetricKind::summary;
  return std::nullopt;
}

std::string_view key_of(MetricKind kind) noexcept {
  constexpr std::array<std::string_view, 5> keys{"gauge", "sum", "histogram",
                                                 "exponentialHistogram", "summary"};
  return keys[static_cast<std::size_t>(kind)];
}

}  // namespace

bool JsonPoints::metric() {
  fields_.memory().clear();
  Metric metric;
  std::optional<Waiting> waiting;
  const bool read = fields_.object([&](std::string_view key) {
    if (key == "name") return fields_.string(metric.name);
    if (key == "description") return fields_.string(metric.description);
    if (key == "unit") return fields_.string(metric.unit);
    if (const auto kind = kind_of(key)) return data(metric, *kind, waiting);
    return fields_.skip();
  });
  if (!read || !waiting) return read;
  const JsonCursor end = fields_.bookmark();
  fields_.go_to(waiting->points);
  const bool told = fields_.within(key_of(waiting->kind), [&] {
    return fields_.within("dataPoints", [&] { return tell(metric, *waiting); });
  });
  if (told) fields_.go_to(end);
  return told;
}

bool JsonPoints::data(Metric& metric, MetricKind kind, std::optional<Waiting>& waiting) {
  waiting.reset();
  // Of several kinds the last counts.
  metric.kind = kind;
  metric.temporality = 0;
  metric.is_monotonic = false;
  const bool temporal = kind != MetricKind::gauge && kind != MetricKind::summary;
  return fields_.object([&](std::string_view key) {
    if (key == "aggregationTemporality" && temporal) {
      return fields_.enumeration(metric.temporality, "AGGREGATION_TEMPORALITY_", temporalities);
    }
    if (key == "isMonotonic" && kind == MetricKind::sum)
      return fields_.boolean(metric.is_monotonic);
    if (key == "dataPoints") waiting = Waiting{fields_.bookmark(), kind};
    return fields_.skip();
  });
}

bool JsonPoints::tell(Metric metric, const Waiting& waiting) {
  // The metric's own texts outlive its points.
  const std::string name(metric.name);
  const std::string description(metric.description);
  const std::string unit(metric.unit);
  metric.name = name;
  metric.description = description;
  metric.unit = unit;
  metric.kind = waiting.kind;
  return fields_.array([&] {
    fields_.memory().clear();
    MetricPoint next;
    if (!point(next, metric.kind)) return false;
    visitor_.point(metric, next);
    return true;
  });
}

bool JsonPoints::point(MetricPoint& point, MetricKind kind) {
  return fields_.object([&](std::string_view key) {
    if (key == "attributes") return values_.attributes(point.attributes);
    if (key == "startTimeUnixNano") return fields_.integer(point.start);
    if (key == "timeUnixNano") return fields_.integer(point.time);
    if (key == "flags") return fields_.integer(point.flags);
    if (kind == MetricKind::gauge || kind == MetricKind::sum) return number_member(point, key);
    if (key == "count") return fields_.integer(point.count);
    if (key == "sum") return optional_number(point.sum);
    if (kind == MetricKind::summary) {
      return key == "quantileValues" ? quantiles(point.quantiles) : fields_.skip();
    }
    if (key == "min") return optional_number(point.min);
    if (key == "max") return optional_number(point.max);
    return kind == MetricKind::histogram ? histogram_member(point, key)
                                         : exponential_member(point, key);
  });
}

bool JsonPoints::number_member(MetricPoint& point, std::string_view key) {
  std::int64_t whole = 0;
  double real = 0;
  if (key == "asInt") {
    return fields_.integer(whole) && (point.value = Value::of_int64(whole), true);
  }
  if (key == "asDouble") {
    return fields_.number(real) && (point.value = Value::of_float64(real), true);
  }
  return fields_.skip();
}

bool JsonPoints::histogram_member(MetricPoint& point, std::string_view key) {
  if (key == "bucketCounts") return counts(point.bucket_counts);
  if (key == "explicitBounds") return bounds(point.explicit_bounds);
  return fields_.skip();
}

bool JsonPoints::exponential_member(MetricPoint& point, std::string_view key) {
  if (key == "scale") return fields_.integer(point.scale);
  if (key == "zeroCount") return fields_.integer(point.zero_count);
  if (key == "zeroThreshold") return fields_.number(point.zero_threshold);
  if (key == "positive") return buckets(point.positive);
  if (key == "negative") return buckets(point.negative);
  return fields_.skip();
}

bool JsonPoints::optional_number(std::optional<double>& value) {
  double read = 0;
  if (!fields_.number(read)) return false;
  value = read;
  return true;
}

bool JsonPoints::buckets(Buckets& buckets) {
  return fields_.object([&](std::string_view key) {
    if (key == "offset") return fields_.integer(buckets.offset);
    if (key == "bucketCounts") return counts(buckets.counts);
    return fields_.skip();
  });
}

bool JsonPoints::counts(std::span<const std::uint64_t>& counts) {
  ListBuilder<std::uint64_t> list(counts_);
  const bool read = fields_.array([&] {
    std::uint64_t count = 0;
    if (!fields_.integer(count)) return false;
    list.add(count);
    return true;
  });
  counts = list.keep(fields_.memory());
  return read;
}

bool JsonPoints::bounds(std::span<const double>& bounds) {
  ListBuilder<double> list(bounds_);
  const bool read = fields_.array([&] {
    double bound = 0;
    if (!fields_.number(bound)) return false;
    list.add(bound);
    return true;
  });
  bounds = list.keep(fields_.memory());
  return read;
}

bool JsonPoints::quantiles(std::span<const Quantile>& quantiles) {
  ListBuilder<Quantile> list(quantiles_);
  const bool read = fields_.array([&] {
    Quantile next;
    const bool whole = fields_.object([&](std::string_view key) {
      if (key == "quantile") return fields_.number(next.quantile);
      if (key == "value") return fields_.number(next.value);
      return fields_.skip();
    });
    if (!whole) return false;
    list.add(next);
    return true;
  });
  quantiles = list.keep(fields_.memory());
  return read;
}

}  // namespace posthaste::tools::otlp

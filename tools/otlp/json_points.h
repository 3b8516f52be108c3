#pragma once

/// Reads metrics and their data points out of JSON. Part of the OTLP/JSON reader.

#include "tools/otlp/json_values.h"

namespace posthaste::tools::otlp {

class JsonPoints {
public:
  JsonPoints(JsonFields& fields, JsonValues& values, Visitor& visitor) noexcept
      : fields_(fields), values_(values), visitor_(visitor) {}

  /// One element of `metrics`, told point by point.
  bool metric();

private:
  /// Where the points of a metric are: they wait until the rest of it was read.
  struct Waiting {
    JsonCursor points;
    MetricKind kind;
  };

  bool data(Metric& metric, MetricKind kind, std::optional<Waiting>& waiting);
  bool tell(Metric metric, const Waiting& waiting);
  bool point(MetricPoint& point, MetricKind kind);
  bool number_member(MetricPoint& point, std::string_view key);
  bool exponential_member(MetricPoint& point, std::string_view key);
  bool histogram_member(MetricPoint& point, std::string_view key);
  bool buckets(Buckets& buckets);
  bool counts(std::span<const std::uint64_t>& counts);
  bool bounds(std::span<const double>& bounds);
  bool quantiles(std::span<const Quantile>& quantiles);
  bool optional_number(std::optional<double>& value);

  JsonFields& fields_;
  JsonValues& values_;
  Visitor& visitor_;
  std::vector<std::uint64_t> counts_;
  std::vector<double> bounds_;
  std::vector<Quantile> quantiles_;
};

}  // namespace posthaste::tools::otlp

#pragma once

/// Reads metrics and their data points out of protobuf. Part of the OTLP reader for protobuf.

#include "tools/otlp/protobuf_values.h"

namespace posthaste::tools::otlp {

class ProtobufPoints {
public:
  ProtobufPoints(ItemMemory& memory, ProtobufValues& values, Visitor& visitor) noexcept
      : memory_(memory), values_(values), visitor_(visitor) {}

  /// One Metric, told point by point.
  void metric(ProtobufFields& fields);

private:
  void data(ProtobufFields fields, Metric metric);
  void number(ProtobufFields& fields, MetricPoint& point);
  void histogram(ProtobufFields& fields, MetricPoint& point);
  void exponential(ProtobufFields& fields, MetricPoint& point);
  void summary(ProtobufFields& fields, MetricPoint& point);
  Buckets buckets(ProtobufFields& fields);
  void attribute(ProtobufFields& fields);

  ItemMemory& memory_;
  ProtobufValues& values_;
  Visitor& visitor_;
  std::vector<KeyValue> attributes_;
  std::vector<std::uint64_t> counts_;
  std::vector<double> bounds_;
  std::vector<Quantile> quantiles_;
};

}  // namespace posthaste::tools::otlp

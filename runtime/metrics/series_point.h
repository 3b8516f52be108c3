#pragma once

/// Writes the point of a series for one reader: pure but for the buffer that it keeps.
///
/// Called by the collector, on the aggregator's thread. Memory: the buffer keeps its size.

#include "runtime/metrics/metric_store.h"
#include "runtime/model/metric_point_builder.h"

#include <span>
#include <vector>

namespace posthaste::metrics {

/// What the point of one series is to say.
struct PointFacts {
  StreamReader reader = {};
  std::int64_t start = 0;  // ns since the epoch
  std::int64_t end = 0;
  std::uint64_t value = 0;                     // bits, of a sum or gauge
  const HistogramTotals* histogram = nullptr;  // of a histogram
  std::span<const KeptExemplar> exemplars = {};
};

class PointWriter {
public:
  /// For the points that follow: name, unit and description are written once.
  void begin_stream(const Stream& stream, const MeterState& meter);
  /// Good until the next call.
  std::span<const std::byte> write(const Series& series, const PointFacts& facts);

private:
  void write_exemplars(const PointFacts& facts);
  void write_value(const PointFacts& facts);
  void write_histogram(const HistogramTotals& totals);
  void write_exponential(const HistogramTotals& totals);

  const Stream* stream_ = nullptr;
  std::uint16_t scope_ = 0;
  std::uint16_t flags_ = 0;        // of the meter's records
  std::vector<std::byte> prefix_;  // the stream's entries
  std::vector<std::uint64_t> counts_;
  model::MetricPointBuilder point_;
};

}  // namespace posthaste::metrics

#pragma once

/// Collects one meter: takes what the cells hold, and writes points for every reader.
///
///   cells ─► [gather] ─► totals of the series ─► [emit] ─► points
///
/// Who calls: the meter's aggregator. Threads: one at a time; another Collector of the same meter
/// may go on where this one died. Blocking: waits at most about 2 ms for a thread that is in the
/// middle of a histogram; what it cannot wait for comes with a later collection.
///
/// Commit points: taking a cell moves its value to the series' totals by plain stores that cannot
/// throw; a series counts as reported only after its point was put, and how far emit is lies in the
/// meter (Emission). So whoever dies here, at any point, loses and doubles nothing, gauges included.
/// A point that is refused is offered again by the next emit, or its value goes with the next point.

#include "runtime/metrics/series_point.h"

namespace posthaste::metrics {

class PointSink {
public:
  virtual ~PointSink() = default;
  /// False: there is no room now.
  virtual bool put(std::span<const std::byte> record) noexcept = 0;
};

class Collector {
public:
  explicit Collector(MeterState& meter) noexcept : meter_(meter), at_(meter.emission()) {}

  /// `collection` is the number that the callbacks were given; `now` ends its points' interval.
  void gather(std::uint64_t collection, WallTime now) noexcept;
  /// From the series where the last call was refused; true when all is written. May throw
  /// std::bad_alloc.
  bool emit(PointSink& sink);
  /// Whether emit has something left to do, of this Collector's gather or a dead one's.
  bool emitting() const noexcept { return at_.under_way; }

private:
  void gather_stream(Stream& stream) noexcept;
  void take(Series& series, Cell& cell) noexcept;
  void take_bank(Series& series, HistogramBank& bank, const HistogramLayout& layout) noexcept;
  std::uint64_t take_buckets(Series& series, HistogramBank& bank,
                             const HistogramLayout& layout) noexcept;
  std::uint64_t take_exponential(Series& series, HistogramBank& bank) noexcept;
  bool emit_series(Series& series, const Stream& stream, PointSink& sink);
  void take_exemplars(Series& series);
  bool emit_sum(Series& series, const Stream& stream, std::size_t reader, PointFacts& facts,
                PointSink& sink);
  bool emit_histogram(Series& series, std::size_t reader, PointFacts& facts, PointSink& sink);

  MeterState& meter_;
  Emission& at_;
  PointWriter writer_;
  std::vector<KeptExemplar> exemplars_;  // of the series that is written
  std::uint32_t left_bank_ = 0;          // the interval that gather takes
};

}  // namespace posthaste::metrics

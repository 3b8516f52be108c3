#pragma once

/// The hot path: adds a measurement to the cell of a series. In line where the thread's front table
/// knows the cell; the rest is in measure.cpp.
///
/// Threads: any, at once. Blocking: see thread_cells.h and stream.h: never, once a thread has met
/// the series.

#include "runtime/metrics/stream.h"
#include "runtime/metrics/thread_cells.h"

#include <cfloat>
#include <cmath>

namespace posthaste::metrics {

void add_slowly(Series& series, std::int64_t value) noexcept;
void add_slowly(Series& series, double value) noexcept;
void record_slowly(Series& series, double value) noexcept;

inline bool is_finite(double value) noexcept {
  return std::fabs(value) <= DBL_MAX;
}

/// Of a stream of kind sum_int64. `offset` is front_offset(series).
[[gnu::always_inline]] inline void add(std::uintptr_t series, std::uint32_t offset,
                                       std::int64_t value) noexcept {
  if (Cell* const cell = cell_alone(series, offset)) [[likely]] {
    add_alone(cell->value, static_cast<std::uint64_t>(value));
  } else {
    add_slowly(*reinterpret_cast<Series*>(series), value);
  }
}

/// Of a stream of kind sum_float64. The value is finite.
[[gnu::always_inline]] inline void add(std::uintptr_t series, std::uint32_t offset,
                                       double value) noexcept {
  if (Cell* const cell = cell_alone(series, offset)) [[likely]] {
    add_alone(cell->value, value);
  } else {
    add_slowly(*reinterpret_cast<Series*>(series), value);
  }
}

/// Of a histogram. The value is finite and not negative.
[[gnu::always_inline]] inline void record(std::uintptr_t series, std::uint32_t offset,
                                          double value) noexcept {
  Series& known = *reinterpret_cast<Series*>(series);
  if (Cell* const cell = cell_alone(series, offset)) [[likely]] {
    const Stream& stream = known.stream;
    record_alone(static_cast<HistogramCell&>(*cell), stream.layout(), stream.interval(),
                 stream.context().writers_fence, value);
  } else {
    record_slowly(known, value);
  }
}

/// Of a gauge; `bits` of an int64 or double.
inline void set_last(Series& series, std::uint64_t bits) noexcept {
  series.last.store(bits, std::memory_order_relaxed);
  if (!series.has_last.load(std::memory_order_relaxed)) {
    series.has_last.store(true, std::memory_order_release);
  }
}

/// Any stream; checks nothing but what its kind needs.
void measure(Series& series, std::int64_t value) noexcept;
void measure(Series& series, double value) noexcept;

}  // namespace posthaste::metrics

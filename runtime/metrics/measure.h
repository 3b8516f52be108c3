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

// `given` are all attributes of the measurement, where the stream filters some out: they go with
// an exemplar.
void add_slowly(Series& series, std::int64_t value, Attributes given) noexcept;
void add_slowly(Series& series, double value, Attributes given) noexcept;
void record_slowly(Series& series, double value, Attributes given) noexcept;
/// Of a sum or gauge. True: the series needs no more offers.
bool offer_measured(Series& series, std::uint64_t bits, Attributes given) noexcept;
/// The value is among the first of its bucket.
void offer_recorded(Series& series, double value, Attributes given) noexcept;

inline bool is_finite(double value) noexcept {
  return std::fabs(value) <= DBL_MAX;
}

/// Of a stream of kind sum_int64. `offset` is front_offset(series).
[[gnu::always_inline]] inline void add(std::uintptr_t series, std::uint32_t offset,
                                       std::int64_t value, Attributes given = {}) noexcept {
  if (Cell* const cell = cell_alone(series, offset)) [[likely]] {
    add_alone(cell->value, static_cast<std::uint64_t>(value));
  } else {
    add_slowly(*reinterpret_cast<Series*>(series), value, given);
  }
}

/// Of a stream of kind sum_float64. The value is finite.
[[gnu::always_inline]] inline void add(std::uintptr_t series, std::uint32_t offset, double value,
                                       Attributes given = {}) noexcept {
  if (Cell* const cell = cell_alone(series, offset)) [[likely]] {
    add_alone(cell->value, value);
  } else {
    add_slowly(*reinterpret_cast<Series*>(series), value, given);
  }
}

/// Of a histogram. The value is finite and not negative.
[[gnu::always_inline]] inline void record(std::uintptr_t series, std::uint32_t offset, double value,
                                          Attributes given = {}) noexcept {
  Series& known = *reinterpret_cast<Series*>(series);
  if (Cell* const cell = cell_alone(series, offset)) [[likely]] {
    const Stream& stream = known.stream;
    const std::uint64_t before =
        record_alone(static_cast<HistogramCell&>(*cell), stream.layout(), stream.interval(),
                     stream.context().writers_fence, value);
    if (before < exemplar_tries) [[unlikely]]
      offer_recorded(known, value, given);
  } else {
    record_slowly(known, value, given);
  }
}

/// Of a gauge; `bits` of an int64 or double.
inline void set_last(Series& series, std::uint64_t bits, Attributes given = {}) noexcept {
  if (series.exemplar_tries.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    offer_measured(series, bits, given);
  }
  series.last.store(bits, std::memory_order_relaxed);
  if (!series.has_last.load(std::memory_order_relaxed)) {
    series.has_last.store(true, std::memory_order_release);
  }
}

/// Any stream; checks nothing but what its kind needs.
void measure(Series& series, std::int64_t value, Attributes given = {}) noexcept;
void measure(Series& series, double value, Attributes given = {}) noexcept;

}  // namespace posthaste::metrics

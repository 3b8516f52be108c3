#include "runtime/metrics/measure.h"

namespace posthaste::metrics {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr int patience = 1024;  // looks at a shared cell that is taken, about 40 µs

inline void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// The cell to add to; null when the measurement is refused.
Cell* cell_for(Series& series, bool remember) noexcept {
  MetricContext& context = series.stream.context();
  if (!context.open()) {
    context.refuse(MeasurementRefusal::late);
    return nullptr;
  }
  Cell* const cell = cell_of(series, remember);
  if (cell == nullptr) context.refuse(MeasurementRefusal::no_memory);
  return cell;
}

/// As cell_for, of a sum: the front table learns the cell when the series needs no more exemplars.
Cell* sum_cell_for(Series& series, std::uint64_t bits, Attributes given) noexcept {
  return cell_for(series, offer_measured(series, bits, given));
}

bool is_shared(const Cell& cell) noexcept {
  return cell.holder.load(relaxed) == Holder::all;
}

/// Takes a shared cell by making its sequence odd.
bool take(Cell& cell) noexcept {
  for (int looks = 0; looks < patience; ++looks) {
    std::uint32_t sequence = cell.sequence.load(relaxed);
    if (sequence % 2 == 0 &&
        cell.sequence.compare_exchange_strong(sequence, sequence + 1, std::memory_order_seq_cst)) {
      return true;
    }
    pause();
  }
  return false;
}

std::uint64_t record_shared(Series& series, HistogramCell& cell, double value) noexcept {
  const Stream& stream = series.stream;
  if (!take(cell)) {
    series.stream.context().refuse(MeasurementRefusal::contended);
    return exemplar_tries;
  }
  const std::uint64_t before =
      record_in(cell.bank(stream.interval().load(std::memory_order_acquire), stream.layout()),
                stream.layout(), value);
  cell.sequence.store(cell.sequence.load(relaxed) + 1, std::memory_order_release);
  return before;
}

}  // namespace

bool offer_measured(Series& series, std::uint64_t bits, Attributes given) noexcept {
  const std::uint32_t tries = series.exemplar_tries.load(relaxed);
  if (tries == 0 || !series.stream.context().open()) return true;
  const bool settled = offer_exemplar(series, 0, bits, given);
  // A lost decrement costs one more look.
  series.exemplar_tries.store(settled ? 0 : tries - 1, relaxed);
  return settled || tries == 1;
}

void offer_recorded(Series& series, double value, Attributes given) noexcept {
  const Stream& stream = series.stream;
  const bool by_bucket = stream.kind() == CellKind::explicit_histogram;
  offer_exemplar(series, by_bucket ? bucket_of(value, stream.layout()) : 0,
                 std::bit_cast<std::uint64_t>(value), given);
}

void add_slowly(Series& series, std::int64_t value, Attributes given) noexcept {
  Cell* const cell = sum_cell_for(series, static_cast<std::uint64_t>(value), given);
  if (cell == nullptr) return;
  if (is_shared(*cell)) {
    add_shared(cell->value, static_cast<std::uint64_t>(value));
  } else {
    add_alone(cell->value, static_cast<std::uint64_t>(value));
  }
}

void add_slowly(Series& series, double value, Attributes given) noexcept {
  Cell* const cell = sum_cell_for(series, std::bit_cast<std::uint64_t>(value), given);
  if (cell == nullptr) return;
  if (is_shared(*cell)) {
    add_shared(cell->value, value);
  } else {
    add_alone(cell->value, value);
  }
}

void record_slowly(Series& series, double value, Attributes given) noexcept {
  Cell* const cell = cell_for(series, true);
  if (cell == nullptr) return;
  auto& histogram = static_cast<HistogramCell&>(*cell);
  const Stream& stream = series.stream;
  const std::uint64_t before = is_shared(*cell)
                                   ? record_shared(series, histogram, value)
                                   : record_alone(histogram, stream.layout(), stream.interval(),
                                                  stream.context().writers_fence, value);
  if (before < exemplar_tries) offer_recorded(series, value, given);
}

void measure(Series& series, std::int64_t value, Attributes given) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&series);
  switch (series.stream.kind()) {
    case CellKind::sum_int64: add(address, front_offset(series), value, given); return;
    case CellKind::sum_float64:
      add(address, front_offset(series), static_cast<double>(value), given);
      return;
    case CellKind::last_value: set_last(series, static_cast<std::uint64_t>(value), given); return;
    case CellKind::explicit_histogram:
    case CellKind::exponential_histogram:
      record(address, front_offset(series), static_cast<double>(value), given);
      return;
  }
}

void measure(Series& series, double value, Attributes given) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&series);
  switch (series.stream.kind()) {
    case CellKind::sum_int64:
      add(address, front_offset(series), static_cast<std::int64_t>(value), given);
      return;
    case CellKind::sum_float64: add(address, front_offset(series), value, given); return;
    case CellKind::last_value: set_last(series, std::bit_cast<std::uint64_t>(value), given); return;
    case CellKind::explicit_histogram:
    case CellKind::exponential_histogram:
      record(address, front_offset(series), value, given);
      return;
  }
}

}  // namespace posthaste::metrics

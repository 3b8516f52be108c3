#include "runtime/metrics/measure.h"

#include "runtime/produce/thread_state.h"

namespace posthaste::metrics {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr int patience = 1024;  // looks at a shared cell that is taken, about 40 µs

inline void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Offers the measurement as the series' exemplar. True: the series needs no more offers.
bool offer_exemplar(Series& series, const MetricContext& context, std::uint64_t bits) noexcept {
  ExemplarSlot& slot = series.exemplar;
  const std::uint32_t tries = slot.tries.load(relaxed);
  if (tries == 0) return true;
  slot.tries.store(tries - 1, relaxed);  // a lost decrement costs one more look
  const produce::ThreadState* const thread = produce::ThreadState::current();
  const produce::ParentFrame* const span = thread == nullptr ? nullptr : thread->top();
  const bool sampled = span != nullptr && span->sampled();
  if (!sampled && context.exemplars == ExemplarFilter::trace_based) return tries == 1;
  if (slot.busy.exchange(true, std::memory_order_acquire)) return false;
  slot.filled = true;
  slot.value = bits;
  slot.time = read_ticks(context.ticks);
  slot.trace_id = span == nullptr ? TraceId{} : span->trace_id;
  slot.span_id = span == nullptr ? SpanId{} : span->span_id;
  slot.busy.store(false, std::memory_order_release);
  slot.tries.store(0, relaxed);
  return true;
}

/// The cell to add to; null when the measurement is refused.
Cell* cell_for(Series& series, std::uint64_t bits) noexcept {
  MetricContext& context = series.stream.context();
  if (!context.open()) {
    context.refuse(MeasurementRefusal::late);
    return nullptr;
  }
  const bool settled =
      context.exemplars == ExemplarFilter::always_off || offer_exemplar(series, context, bits);
  Cell* const cell = cell_of(series, settled);
  if (cell == nullptr) context.refuse(MeasurementRefusal::no_memory);
  return cell;
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

void record_shared(Series& series, HistogramCell& cell, double value) noexcept {
  const Stream& stream = series.stream;
  if (!take(cell)) {
    series.stream.context().refuse(MeasurementRefusal::contended);
    return;
  }
  record_in(cell.bank(stream.interval().load(std::memory_order_acquire), stream.layout()),
            stream.layout(), value);
  cell.sequence.store(cell.sequence.load(relaxed) + 1, std::memory_order_release);
}

}  // namespace

void add_slowly(Series& series, std::int64_t value) noexcept {
  Cell* const cell = cell_for(series, static_cast<std::uint64_t>(value));
  if (cell == nullptr) return;
  if (is_shared(*cell)) {
    add_shared(cell->value, static_cast<std::uint64_t>(value));
  } else {
    add_alone(cell->value, static_cast<std::uint64_t>(value));
  }
}

void add_slowly(Series& series, double value) noexcept {
  Cell* const cell = cell_for(series, std::bit_cast<std::uint64_t>(value));
  if (cell == nullptr) return;
  if (is_shared(*cell)) {
    add_shared(cell->value, value);
  } else {
    add_alone(cell->value, value);
  }
}

void record_slowly(Series& series, double value) noexcept {
  Cell* const cell = cell_for(series, std::bit_cast<std::uint64_t>(value));
  if (cell == nullptr) return;
  auto& histogram = static_cast<HistogramCell&>(*cell);
  const Stream& stream = series.stream;
  if (is_shared(*cell)) {
    record_shared(series, histogram, value);
  } else {
    record_alone(histogram, stream.layout(), stream.interval(), stream.context().writers_fence,
                 value);
  }
}

void measure(Series& series, std::int64_t value) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&series);
  switch (series.stream.kind()) {
    case CellKind::sum_int64: add(address, front_offset(series), value); return;
    case CellKind::sum_float64:
      add(address, front_offset(series), static_cast<double>(value));
      return;
    case CellKind::last_value: set_last(series, static_cast<std::uint64_t>(value)); return;
    case CellKind::explicit_histogram:
    case CellKind::exponential_histogram:
      record(address, front_offset(series), static_cast<double>(value));
      return;
  }
}

void measure(Series& series, double value) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&series);
  switch (series.stream.kind()) {
    case CellKind::sum_int64:
      add(address, front_offset(series), static_cast<std::int64_t>(value));
      return;
    case CellKind::sum_float64: add(address, front_offset(series), value); return;
    case CellKind::last_value: set_last(series, std::bit_cast<std::uint64_t>(value)); return;
    case CellKind::explicit_histogram:
    case CellKind::exponential_histogram: record(address, front_offset(series), value); return;
  }
}

}  // namespace posthaste::metrics

#include "runtime/metrics/collector.h"

#include "runtime/metrics/thread_cells.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

namespace posthaste::metrics {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr int looks = 4'096;  // at a cell that is being written, before the processor is given up
constexpr int turns = 64;

/// Waits until the write that may be under way has ended. False: its thread was interrupted.
bool settled(const Cell& cell) noexcept {
  const std::uint32_t sequence = cell.sequence.load(std::memory_order_acquire);
  if (sequence % 2 == 0) return true;
  for (int turn = 0; turn < turns; ++turn) {
    for (int look = 0; look < looks; ++look) {
      if (cell.sequence.load(std::memory_order_acquire) != sequence) return true;
    }
    ::sched_yield();
  }
  return false;
}

bool is_histogram(CellKind kind) noexcept {
  return kind == CellKind::explicit_histogram || kind == CellKind::exponential_histogram;
}

double as_double(std::uint64_t bits) noexcept {
  return std::bit_cast<double>(bits);
}
std::uint64_t as_bits(double value) noexcept {
  return std::bit_cast<std::uint64_t>(value);
}

/// `a - b` of sums.
std::uint64_t difference(std::uint64_t a, std::uint64_t b, bool integer) noexcept {
  return integer ? a - b : as_bits(as_double(a) - as_double(b));
}

bool is_less(std::uint64_t a, std::uint64_t b, bool integer) noexcept {
  return integer ? static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b)
                 : as_double(a) < as_double(b);
}

bool is_zero(std::uint64_t bits, bool integer) noexcept {
  return integer ? bits == 0 : as_double(bits) == 0;
}

void reset(HistogramTotals& totals, const HistogramLayout& layout) noexcept {
  totals.count = 0;
  totals.sum = 0;
  totals.zeros = 0;
  if (totals.buckets != nullptr) std::fill_n(totals.buckets.get(), layout.buckets, 0);
  if (totals.exponential != nullptr) totals.exponential->clear();
}

}  // namespace

void Collector::gather(std::uint64_t collection, WallTime now) noexcept {
  at_.collection = collection;
  at_.now = now.time_since_epoch().count();
  at_.now_ticks = read_ticks(meter_.context().ticks);
  std::atomic<std::uint32_t>& interval = meter_.interval();
  left_bank_ = interval.load(relaxed);
  interval.store(left_bank_ + 1, std::memory_order_seq_cst);
  barrier_on_all_threads();
  const std::size_t instruments = meter_.instrument_count();
  for (std::size_t i = 0; i < instruments; ++i) {
    Instrument& instrument = meter_.instrument(i);
    if (instrument.info().observable()) {
      const std::unique_lock observing(instrument.observing(), std::try_to_lock);
      if (!observing) continue;  // a callback hangs in it
      for (const auto& stream : instrument.streams()) stream->remove_unobserved(collection);
    } else {
      for (const auto& stream : instrument.streams()) gather_stream(*stream);
    }
  }
  at_.under_way = true;
  at_.instrument = at_.stream = at_.reader = 0;
  at_.series = nullptr;
}

void Collector::gather_stream(Stream& stream) noexcept {
  if (stream.kind() == CellKind::last_value) return;
  for (Series* series = stream.first(); series != nullptr; series = series->next) {
    bool orphaned = false;
    for (Cell* cell = series->cells.load(std::memory_order_acquire); cell != nullptr;
         cell = cell->next) {
      orphaned = orphaned || cell->holder.load(relaxed) == Holder::nobody;
      take(*series, *cell);
    }
    if (!orphaned) continue;
    stream.fold_cells(*series, [this, series, &stream](Cell& cell) {
      take(*series, cell);
      if (!is_histogram(stream.kind())) return;
      auto& histogram = static_cast<HistogramCell&>(cell);
      take_bank(*series, histogram.bank(left_bank_ + 1, stream.layout()), stream.layout());
    });
  }
}

void Collector::take(Series& series, Cell& cell) noexcept {
  const Stream& stream = series.stream;
  if (is_histogram(stream.kind())) {
    if (!settled(cell)) return;
    auto& histogram = static_cast<HistogramCell&>(cell);
    take_bank(series, histogram.bank(left_bank_, stream.layout()), stream.layout());
    return;
  }
  const std::uint64_t value = cell.value.load(relaxed);
  if (value == cell.taken) return;
  const bool integer = stream.kind() == CellKind::sum_int64;
  const std::uint64_t grown = difference(value, cell.taken, integer);
  series.total =
      integer ? series.total + grown : as_bits(as_double(series.total) + as_double(grown));
  cell.taken = value;
}

void Collector::take_bank(Series& series, HistogramBank& bank,
                          const HistogramLayout& layout) noexcept {
  const std::uint64_t count =
      bank.zeros.load(relaxed) +
      (layout.exponential ? take_exponential(series, bank) : take_buckets(series, bank, layout));
  if (count == 0) return;
  const double least = as_double(bank.min.load(relaxed));
  const double greatest = as_double(bank.max.load(relaxed));
  const std::size_t readers = series.stream.spec().readers.size();
  for (std::size_t reader = 0; reader < readers; ++reader) {
    HistogramTotals& totals = series.readers[reader].histogram;
    totals.min = totals.count == 0 ? least : std::min(totals.min, least);
    totals.max = totals.count == 0 ? greatest : std::max(totals.max, greatest);
    totals.count += count;
    totals.sum += as_double(bank.sum.load(relaxed));
    totals.zeros += bank.zeros.load(relaxed);
  }
  bank.clear_values();
}

/// Moves the buckets to the totals; how many measurements lay in them.
std::uint64_t Collector::take_buckets(Series& series, HistogramBank& bank,
                                      const HistogramLayout& layout) noexcept {
  const std::size_t readers = series.stream.spec().readers.size();
  std::uint64_t count = 0;
  std::atomic<std::uint64_t>* const buckets = bank.buckets();
  const std::size_t size = layout.buckets;
  const auto take_one = [&](std::size_t i) {
    const std::uint64_t in_bucket = buckets[i].load(relaxed);
    if (in_bucket == 0) return;
    buckets[i].store(0, relaxed);
    count += in_bucket;
    for (std::size_t reader = 0; reader < readers; ++reader) {
      series.readers[reader].histogram.buckets[i] += in_bucket;
    }
  };
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {  // most are empty: four at a glance
    if ((buckets[i].load(relaxed) | buckets[i + 1].load(relaxed) | buckets[i + 2].load(relaxed) |
         buckets[i + 3].load(relaxed)) == 0) {
      continue;
    }
    for (std::size_t j = i; j < i + 4; ++j) take_one(j);
  }
  for (; i < size; ++i) take_one(i);
  return count;
}

std::uint64_t Collector::take_exponential(Series& series, HistogramBank& bank) noexcept {
  const std::size_t readers = series.stream.spec().readers.size();
  const std::int32_t scale = bank.scale.load(relaxed);
  std::uint64_t count = 0;
  for (std::int32_t i = bank.low.load(relaxed); i <= bank.high.load(relaxed); ++i) {
    std::atomic<std::uint64_t>& bucket = bank.buckets()[ExponentialRange::slot(i)];
    const std::uint64_t in_bucket = bucket.load(relaxed);
    if (in_bucket == 0) continue;
    bucket.store(0, relaxed);
    count += in_bucket;
    for (std::size_t reader = 0; reader < readers; ++reader) {
      series.readers[reader].histogram.exponential->add(i, scale, in_bucket);
    }
  }
  return count;
}

bool Collector::emit(PointSink& sink) {
  if (!at_.under_way) return true;
  const std::size_t instruments = meter_.instrument_count();
  for (; at_.instrument < instruments; ++at_.instrument, at_.stream = 0) {
    Instrument& instrument = meter_.instrument(at_.instrument);
    std::unique_lock observing(instrument.observing(), std::defer_lock);
    if (instrument.info().observable() && !observing.try_lock()) {
      at_.series = nullptr;
      at_.reader = 0;
      continue;
    }
    for (; at_.stream < instrument.streams().size(); ++at_.stream) {
      Stream& stream = *instrument.streams()[at_.stream];
      if (at_.series == nullptr) at_.series = stream.first();
      if (at_.series != nullptr) writer_.begin_stream(stream, meter_);
      while (at_.series != nullptr) {
        if (!emit_series(*at_.series, stream, sink)) return false;
        at_.series = at_.series->next;
      }
      stream.set_beginning(at_.now);
    }
  }
  at_.under_way = false;
  if (meter_.context().exemplars != ExemplarFilter::always_off) clear_fronts();
  return true;
}

bool Collector::emit_series(Series& series, const Stream& stream, PointSink& sink) {
  take_exemplars(series);
  const std::vector<StreamReader>& readers = stream.spec().readers;
  for (; at_.reader < readers.size(); ++at_.reader) {
    PointFacts facts;
    facts.reader = readers[at_.reader];
    // The wall clock may have been set back.
    facts.start = std::min(series.readers[at_.reader].since, at_.now);
    facts.end = at_.now;
    facts.exemplars = exemplars_;
    const bool written = is_histogram(stream.kind())
                             ? emit_histogram(series, at_.reader, facts, sink)
                             : emit_sum(series, stream, at_.reader, facts, sink);
    if (!written) return false;
  }
  at_.reader = 0;
  if (!stream.spec().observable) series.exemplar_tries.store(exemplar_tries, relaxed);
  return true;
}

/// What was measured after the cells were taken stays for the next point.
void Collector::take_exemplars(Series& series) {
  exemplars_.clear();
  ExemplarReservoir* const reservoir = series.exemplars.load(std::memory_order_acquire);
  if (reservoir == nullptr) return;
  KeptExemplar taken;
  for (std::uint32_t slot = 0; slot < reservoir->size(); ++slot) {
    if (reservoir->take(slot, at_.now_ticks, taken)) exemplars_.push_back(taken);
  }
}

bool Collector::emit_sum(Series& series, const Stream& stream, std::size_t reader,
                         PointFacts& facts, PointSink& sink) {
  SeriesReader& known = series.readers[reader];
  const StreamSpec& spec = stream.spec();
  const bool observed = spec.observable && series.observed_in == at_.collection;
  if (stream.kind() == CellKind::last_value) {
    const bool there = series.has_last.load(std::memory_order_acquire);
    if (!there || (spec.observable && !observed)) return true;
    series.total = series.last.load(relaxed);
  }
  facts.value = series.total;
  if (spec.point == PointKind::gauge) {
    facts.start = 0;
    return sink.put(writer_.write(series, facts));
  }
  if (facts.reader.temporality == model::Temporality::delta) {
    // An observed sum that fell began anew.
    const bool anew = spec.monotonic && is_less(series.total, known.reported, spec.integer);
    if (!anew) facts.value = difference(series.total, known.reported, spec.integer);
    if (!observed && is_zero(facts.value, spec.integer)) {
      known.since = at_.now;
      return true;
    }
  }
  if (!sink.put(writer_.write(series, facts))) return false;
  known.reported = series.total;
  if (facts.reader.temporality == model::Temporality::delta) known.since = at_.now;
  return true;
}

bool Collector::emit_histogram(Series& series, std::size_t reader, PointFacts& facts,
                               PointSink& sink) {
  SeriesReader& known = series.readers[reader];
  const bool delta = facts.reader.temporality == model::Temporality::delta;
  if (known.histogram.count == 0) {
    if (delta) known.since = at_.now;
    return true;
  }
  facts.histogram = &known.histogram;
  if (!sink.put(writer_.write(series, facts))) return false;
  if (!delta) return true;
  reset(known.histogram, series.stream.layout());
  known.since = at_.now;
  return true;
}

}  // namespace posthaste::metrics

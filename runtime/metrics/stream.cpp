#include "runtime/metrics/stream.h"

#include "runtime/metrics/thread_cells.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace posthaste::metrics {
namespace {

constexpr std::uint32_t first_slots = 16;

HistogramLayout layout_of(const StreamSpec& spec, std::vector<double>& padded_bounds) {
  HistogramLayout layout;
  if (spec.cell == CellKind::exponential_histogram) {
    layout.exponential = true;
    layout.buckets = ExponentialRange::slots;
  } else if (spec.cell == CellKind::explicit_histogram) {
    layout.bound_count = static_cast<std::uint32_t>(spec.boundaries.size());
    layout.search = std::bit_ceil(layout.bound_count + 1) - 1;
    layout.buckets = layout.search + 1;
    padded_bounds = spec.boundaries;
    padded_bounds.resize(layout.search, std::numeric_limits<double>::infinity());
    layout.bounds = padded_bounds.data();
  }
  const auto counts = static_cast<std::uint32_t>(layout.buckets * sizeof(std::uint64_t));
  layout.bank_size = static_cast<std::uint32_t>(sizeof(HistogramBank)) + (counts + 63) / 64 * 64;
  return layout;
}

/// What a series takes beside its cells.
std::uint64_t reader_size(const StreamSpec& spec, const HistogramLayout& layout) noexcept {
  std::uint64_t size = sizeof(SeriesReader);
  if (spec.cell == CellKind::explicit_histogram) size += std::uint64_t{8} * layout.buckets;
  if (spec.cell == CellKind::exponential_histogram) size += sizeof(ExponentialCounts);
  return size;
}

}  // namespace

Stream::Stream(StreamSpec spec, MetricContext& context, const std::atomic<std::uint32_t>& interval,
               std::int64_t now_ns)
    : spec_(std::move(spec)),
      context_(context),
      memory_(context.memory),
      interval_(interval),
      layout_(layout_of(spec_, bounds_)),
      beginning_(now_ns) {
  tables_.push_back(std::make_unique<Table>(first_slots));
  table_.store(tables_.back().get(), std::memory_order_release);
  const std::array<Attribute, 1> marked{{{"otel.metric.overflow", true}}};
  std::vector<std::byte> entries;
  const Attributes attributes{std::span<const Attribute>(marked)};
  append_set(entries, attributes);
  overflow_ = build(hash_of(attributes), entries, 1);
  if (overflow_ == nullptr) throw std::bad_alloc();
}

Stream::~Stream() {
  forget_series_in_threads(*this);
  for (Series* series = first(); series != nullptr;) {
    Series* const next = series->next;
    destroy(series);
    series = next;
  }
  if (!overflow_listed_) destroy(overflow_);
}

void Stream::Table::put(Series* series) noexcept {
  std::uint32_t at = static_cast<std::uint32_t>(series->hash) & mask;
  while (slots[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & mask;
  slots[at].store(series, std::memory_order_release);
}

Series& Stream::find_or_make(Attributes attributes) noexcept {
  Series* found = nullptr;
  try {
    found = find_or_make_of(attributes);
  } catch (const std::bad_alloc&) {
    found = nullptr;
  }
  if (found != nullptr) return *found;
  overflowed_.fetch_add(1, std::memory_order_relaxed);
  return *overflow_;
}

/// Null: overflow.
Series* Stream::find_or_make_of(Attributes attributes) {
  AttributePick kept;
  if (spec_.filters()) {
    for (const Attribute& each : attributes) {
      if (spec_.keeps(each.key)) kept.add(each);
    }
    attributes = kept.all();
  }
  const std::uint64_t hash = hash_of(attributes);
  if (Series* const found = find(hash, attributes)) return found;
  if (is_canonical(attributes)) return make(hash, attributes);
  AttributePick set;
  pick_canonical(attributes, set);
  const std::uint64_t set_hash = hash_of(set.all());
  if (Series* const found = find(set_hash, set.all())) return found;
  return make(set_hash, set.all());
}

/// Null: overflow.
Series* Stream::make(std::uint64_t hash, Attributes attributes) {
  if (full_.load(std::memory_order_relaxed)) return nullptr;
  std::vector<std::byte> entries;
  append_set(entries, attributes);
  const std::lock_guard lock(mutex_);
  if (Series* const found = find(hash, attributes)) return found;
  // The overflow series is one of those that the limit counts.
  if (size() + 1 >= spec_.cardinality_limit) {
    full_.store(!spec_.observable, std::memory_order_relaxed);
    insert(overflow_);
    return nullptr;
  }
  Series* const made = build(hash, entries, static_cast<std::uint32_t>(attributes.size()));
  if (made == nullptr) {  // no memory: it does not come back, so nobody need try again
    full_.store(!spec_.observable, std::memory_order_relaxed);
    insert(overflow_);
    return nullptr;
  }
  count_.fetch_add(1, std::memory_order_relaxed);
  insert(made);
  return made;
}

std::uint64_t Stream::charge_of(std::size_t entries) const noexcept {
  return sizeof(Series) + entries + spec_.readers.size() * reader_size(spec_, layout_) +
         cell_size(spec_.cell, layout_) + 4 * sizeof(void*);
}

Series* Stream::build(std::uint64_t hash, const std::vector<std::byte>& entries,
                      std::uint32_t count) {
  const std::uint64_t charge = charge_of(entries.size());
  if (!memory_.charge(charge, CellMemory::Purpose::series)) return nullptr;
  void* const memory = ::operator new(sizeof(Series) + entries.size(), std::nothrow);
  auto readers =
      std::unique_ptr<SeriesReader[]>(new (std::nothrow) SeriesReader[spec_.readers.size()]);
  if (memory == nullptr || readers == nullptr) {
    ::operator delete(memory);
    memory_.release(charge);
    return nullptr;
  }
  auto* const copy = static_cast<std::byte*>(memory) + sizeof(Series);
  if (!entries.empty()) std::memcpy(copy, entries.data(), entries.size());
  auto* const series = new (memory)
      Series(*this, hash, AttributeSet(copy, static_cast<std::uint32_t>(entries.size()), count));
  for (std::size_t i = 0; i < spec_.readers.size(); ++i) {
    readers[i].since = beginning_.load(std::memory_order_relaxed);
    HistogramTotals& totals = readers[i].histogram;
    if (spec_.cell == CellKind::explicit_histogram) {
      totals.buckets = std::make_unique<std::uint64_t[]>(layout_.buckets);
    } else if (spec_.cell == CellKind::exponential_histogram) {
      totals.exponential = std::make_unique<ExponentialCounts>();
    }
  }
  series->readers = std::move(readers);
  if (!spec_.observable) series->exemplar_tries.store(exemplar_tries, std::memory_order_relaxed);
  return series;
}

/// Into list and table; the overflow series comes once.
void Stream::insert(Series* series) {
  if (series == overflow_ && std::exchange(overflow_listed_, true)) return;
  Table* table = table_.load(std::memory_order_relaxed);
  if (++listed_ * 2 > table->mask) {
    tables_.push_back(std::make_unique<Table>((table->mask + 1) * 2));
    Table* const larger = tables_.back().get();
    for (Series* each = first(); each != nullptr; each = each->next) larger->put(each);
    table_.store(larger, std::memory_order_release);
    table = larger;
  }
  series->next = first();
  table->put(series);
  first_.store(series, std::memory_order_release);
}

void Stream::push(Series& series, Cell& cell) noexcept {
  cell.next = series.cells.load(std::memory_order_relaxed);
  series.cells.store(&cell, std::memory_order_release);
}

Cell* Stream::take_cell(Series& series) noexcept {
  const std::lock_guard lock(mutex_);
  for (Cell* cell = series.cells.load(std::memory_order_relaxed); cell != nullptr;
       cell = cell->next) {
    if (cell->holder.load(std::memory_order_acquire) == Holder::nobody) {
      cell->holder.store(Holder::thread, std::memory_order_relaxed);
      return cell;
    }
  }
  const std::size_t size = cell_size(spec_.cell, layout_);
  if (!memory_.charge(size, CellMemory::Purpose::cell_of_thread)) return nullptr;
  Cell* const made = make_cell(spec_.cell, layout_, Holder::thread);
  if (made == nullptr) {
    memory_.release(size);
    return nullptr;
  }
  push(series, *made);
  return made;
}

/// Charged with the series.
Cell* Stream::shared_cell(Series& series) noexcept {
  if (Cell* const known = series.shared.load(std::memory_order_acquire)) return known;
  const std::lock_guard lock(mutex_);
  if (Cell* const known = series.shared.load(std::memory_order_relaxed)) return known;
  Cell* const made = make_cell(spec_.cell, layout_, Holder::all);
  if (made == nullptr) return nullptr;
  push(series, *made);
  series.shared.store(made, std::memory_order_release);
  return made;
}

ExemplarReservoir* Stream::make_exemplars(Series& series) noexcept {
  const std::lock_guard lock(mutex_);
  if (ExemplarReservoir* const known = series.exemplars.load(std::memory_order_relaxed)) {
    return known;
  }
  const bool by_bucket = spec_.cell == CellKind::explicit_histogram;
  ExemplarReservoir* const made =
      ExemplarReservoir::make(by_bucket ? layout_.bound_count + 1 : 1, memory_);
  series.exemplars.store(made, std::memory_order_release);
  return made;
}

void Stream::fold(Series& series, void (*take)(void*, Cell&), void* with) {
  std::atomic<Cell*>* head = &series.cells;
  Cell* before = nullptr;
  for (Cell* cell = head->load(std::memory_order_relaxed); cell != nullptr;) {
    Cell* const next = cell->next;
    if (cell->holder.load(std::memory_order_acquire) == Holder::nobody) {
      take(with, *cell);
      if (before == nullptr) {
        head->store(next, std::memory_order_release);
      } else {
        before->next = next;
      }
      memory_.release(cell_size(spec_.cell, layout_));
      free_cell(cell);
    } else {
      before = cell;
    }
    cell = next;
  }
}

void Stream::remove_unobserved(std::uint64_t collection) {
  const std::lock_guard lock(mutex_);
  const auto is_kept = [&](const Series* series) {
    return series->observed_in == collection || series == overflow_;
  };
  bool all = true;
  for (const Series* series = first(); series != nullptr; series = series->next) {
    all = all && is_kept(series);
  }
  if (all) return;
  std::vector<Series*> kept;
  for (Series* series = first(); series != nullptr;) {
    Series* const next = series->next;
    if (is_kept(series)) {
      kept.push_back(series);
    } else {
      memory_.release(charge_of(series->set.bytes().size()));
      destroy(series);
      count_.fetch_sub(1, std::memory_order_relaxed);
      --listed_;
    }
    series = next;
  }
  auto table = std::make_unique<Table>(
      std::max(first_slots, std::bit_ceil(static_cast<std::uint32_t>(kept.size() * 2 + 2))));
  Series* list = nullptr;
  for (Series* series : kept) {
    series->next = list;
    list = series;
    table->put(series);
  }
  first_.store(list, std::memory_order_release);
  table_.store(table.get(), std::memory_order_release);
  tables_.clear();  // nobody but this thread reads the tables of an observable instrument
  tables_.push_back(std::move(table));
}

void Stream::destroy(Series* series) noexcept {
  for (Cell* cell = series->cells.load(std::memory_order_relaxed); cell != nullptr;) {
    Cell* const next = cell->next;
    free_cell(cell);
    cell = next;
  }
  delete series->exemplars.load(std::memory_order_relaxed);
  series->~Series();
  ::operator delete(series);
}

}  // namespace posthaste::metrics

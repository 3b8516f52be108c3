#pragma once

/// A metric stream: one instrument as one view sees it, and its series by attribute set.
///
///   find          any thread, lock-free, no allocation
///   find_or_make  any thread; a set that is new takes a short lock and memory, once
///
/// Full: beyond its cardinality limit, or without memory, a new set is the overflow series, whose
/// one attribute is otel.metric.overflow = true; how often that happened is counted.

#include "runtime/metrics/cell_memory.h"
#include "runtime/metrics/metric_context.h"
#include "runtime/metrics/series.h"
#include "runtime/metrics/view.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace posthaste::metrics {

class Stream {
public:
  /// `interval` is the meter's. Everything is charged to the context's memory. May throw
  /// std::bad_alloc.
  Stream(StreamSpec spec, MetricContext& context, const std::atomic<std::uint32_t>& interval,
         std::int64_t now_ns);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const StreamSpec& spec() const noexcept { return spec_; }
  CellKind kind() const noexcept { return spec_.cell; }
  const HistogramLayout& layout() const noexcept { return layout_; }
  const std::atomic<std::uint32_t>& interval() const noexcept { return interval_; }
  MetricContext& context() const noexcept { return context_; }

  Series* find(std::uint64_t hash, Attributes attributes) const noexcept {
    const Table* const table = table_.load(std::memory_order_acquire);
    for (std::uint32_t at = static_cast<std::uint32_t>(hash) & table->mask;;
         at = (at + 1) & table->mask) {
      Series* const series = table->slots[at].load(std::memory_order_acquire);
      if (series == nullptr) return nullptr;
      if (series->hash == hash && series->set.matches(attributes)) [[likely]]
        return series;
    }
  }
  /// Attributes as the caller gave them; the stream's filter is applied here. Counts an overflow.
  Series& find_or_make(Attributes attributes) noexcept;

  /// A cell of its own for a thread; null: there is no room. Takes over one that nobody holds.
  Cell* take_cell(Series& series) noexcept;
  /// The cell that all threads share; null without memory.
  Cell* shared_cell(Series& series) noexcept;

  /// Slots for exemplars of a series; null without memory.
  ExemplarReservoir* make_exemplars(Series& series) noexcept;

  /// Newest first; grows only at the front, but for observable instruments.
  Series* first() const noexcept { return first_.load(std::memory_order_acquire); }
  std::uint32_t size() const noexcept { return count_.load(std::memory_order_relaxed); }
  std::uint64_t overflowed() const noexcept { return overflowed_.load(std::memory_order_relaxed); }

  // the aggregator's
  /// When new series begin, ns since the epoch: the time of the last collection.
  void set_beginning(std::int64_t now_ns) noexcept {
    beginning_.store(now_ns, std::memory_order_relaxed);
  }
  /// Adds what nobody's cells hold to `taken` with `take(cell)`, and frees them.
  template <class Take>
  void fold_cells(Series& series, Take&& take) {
    const std::lock_guard lock(mutex_);
    fold(
        series, [](void* with, Cell& cell) { (*static_cast<Take*>(with))(cell); }, &take);
  }
  /// Removes the series of an observable instrument that `collection` did not see.
  void remove_unobserved(std::uint64_t collection);

private:
  struct Table {
    explicit Table(std::uint32_t slots_count)
        : mask(slots_count - 1), slots(new std::atomic<Series*>[slots_count]) {
      for (std::uint32_t i = 0; i < slots_count; ++i) slots[i].store(nullptr);
    }
    void put(Series* series) noexcept;
    std::uint32_t mask;
    std::unique_ptr<std::atomic<Series*>[]> slots;
  };

  Series* find_or_make_of(Attributes attributes);
  Series* make(std::uint64_t hash, Attributes attributes);
  Series* build(std::uint64_t hash, const std::vector<std::byte>& entries, std::uint32_t count);
  std::uint64_t charge_of(std::size_t entries) const noexcept;
  void insert(Series* series);
  void push(Series& series, Cell& cell) noexcept;
  void fold(Series& series, void (*take)(void*, Cell&), void* with);
  void destroy(Series* series) noexcept;

  const StreamSpec spec_;
  MetricContext& context_;
  CellMemory& memory_;
  const std::atomic<std::uint32_t>& interval_;
  std::vector<double> bounds_;  // padded for the search
  HistogramLayout layout_;
  std::mutex mutex_;                            // of who makes series and cells
  std::vector<std::unique_ptr<Table>> tables_;  // the last is in use; others may still be read
  std::atomic<Table*> table_{nullptr};
  std::atomic<Series*> first_{nullptr};
  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::int64_t> beginning_;
  std::atomic<std::uint64_t> overflowed_{0};
  std::atomic<bool> full_{false};
  Series* overflow_ = nullptr;
  bool overflow_listed_ = false;  // under mutex_, as the next
  std::uint32_t listed_ = 0;
};

}  // namespace posthaste::metrics

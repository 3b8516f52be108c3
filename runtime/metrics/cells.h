#pragma once

/// Cells: where a measurement is added. A sum's cell is one word that only grows; who collects
/// subtracts what was taken before, so that nothing is ever reset and nothing can fall between. A
/// histogram's cell has two banks: the meter's interval number says which one is written, and the
/// other lies still while it is read and emptied.
///
///   holder      one thread alone (plain loads and stores), or all of them, one at a time
///   collector   reads `value`; flips the interval, waits for an even `sequence`, takes the other
///               bank
///
/// Why the bank that was left lies still: a writer makes `sequence` odd before it reads the
/// interval. The collector stores the new interval, has every running thread pass a barrier
/// (membarrier), and then looks at `sequence`: a writer that read the old interval is seen in it.
///
/// Threads: as above. Blocking: never. Memory: from CellMemory.

#include "runtime/metrics/exponential.h"

#include <atomic>
#include <bit>
#include <cstdint>
#include <limits>

#if defined(__SANITIZE_THREAD__)
#define POSTHASTE_PLAIN_ADD 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define POSTHASTE_PLAIN_ADD 0
#endif
#endif
#if !defined(POSTHASTE_PLAIN_ADD)
#if defined(__x86_64__)
#define POSTHASTE_PLAIN_ADD 1
#else
#define POSTHASTE_PLAIN_ADD 0
#endif
#endif

namespace posthaste::metrics {

enum class CellKind : std::uint8_t {
  sum_int64,
  sum_float64,
  last_value,  // no cells: the series itself holds it
  explicit_histogram,
  exponential_histogram,
};

enum class Holder : std::uint32_t { nobody, thread, all };

struct Cell {
  std::atomic<std::uint64_t> value{0};  // bits of the sum so far
  std::uint64_t taken = 0;              // of `value`, by the collector; its alone
  Cell* next = nullptr;                 // in the series' list; set before it is published
  std::atomic<Holder> holder{Holder::nobody};
  std::atomic<std::uint32_t> sequence{0};  // histograms: odd while it is written
};

/// By the one thread that holds the cell.
inline void add_alone(std::atomic<std::uint64_t>& word, std::uint64_t by) noexcept {
#if POSTHASTE_PLAIN_ADD
  // One instruction, as no other thread writes: the compiler would make three of it.
  asm("addq %1, %0" : "+m"(*reinterpret_cast<std::uint64_t*>(&word)) : "er"(by));
#else
  word.store(word.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
#endif
}
inline void add_alone(std::atomic<std::uint64_t>& word, double by) noexcept {
  const double sum = std::bit_cast<double>(word.load(std::memory_order_relaxed)) + by;
  word.store(std::bit_cast<std::uint64_t>(sum), std::memory_order_relaxed);
}
/// By any thread.
inline void add_shared(std::atomic<std::uint64_t>& word, std::uint64_t by) noexcept {
  word.fetch_add(by, std::memory_order_relaxed);
}
inline void add_shared(std::atomic<std::uint64_t>& word, double by) noexcept {
  std::uint64_t before = word.load(std::memory_order_relaxed);
  while (!word.compare_exchange_weak(
      before, std::bit_cast<std::uint64_t>(std::bit_cast<double>(before) + by),
      std::memory_order_relaxed)) {
  }
}

/// What a histogram of one stream looks like.
struct HistogramLayout {
  const double* bounds = nullptr;  // padded with infinities to `search` numbers
  std::uint32_t bound_count = 0;
  std::uint32_t search = 0;  // a power of two, less one
  std::uint32_t buckets = 0;
  std::uint32_t bank_size = 0;  // bytes
  bool exponential = false;
};

/// The buckets follow.
struct alignas(64) HistogramBank {
  std::atomic<std::uint64_t> sum;
  std::atomic<std::uint64_t> min;
  std::atomic<std::uint64_t> max;
  std::atomic<std::uint64_t> zeros;  // exponential only
  std::atomic<std::int32_t> scale;
  std::atomic<std::int32_t> low;
  std::atomic<std::int32_t> high;

  std::atomic<std::uint64_t>* buckets() noexcept {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(this + 1);
  }
  /// As a bank is before its first value, but for its buckets, which are all zero then.
  void clear_values() noexcept;
};

struct alignas(64) HistogramCell : Cell {
  HistogramBank& bank(std::uint32_t interval, const HistogramLayout& layout) noexcept {
    auto* const first = reinterpret_cast<std::byte*>(this + 1);
    return *reinterpret_cast<HistogramBank*>(first + (interval & 1) * layout.bank_size);
  }
  static std::size_t size_of(const HistogramLayout& layout) noexcept {
    return sizeof(HistogramCell) + std::size_t{2} * layout.bank_size;
  }
};

/// Which bucket: the first whose bound is not below the value.
inline std::uint32_t bucket_of(double value, const HistogramLayout& layout) noexcept {
  std::uint32_t at = 0;
  for (std::uint32_t step = (layout.search + 1) / 2; step != 0; step /= 2) {
    at += layout.bounds[at + step - 1] < value ? step : 0;
  }
  return at;
}

std::uint64_t add_exponential(HistogramBank& bank, double value) noexcept;

/// By the one thread that holds the cell; what was there before.
inline std::uint64_t count_one(std::atomic<std::uint64_t>& word) noexcept {
  const std::uint64_t before = word.load(std::memory_order_relaxed);
  word.store(before + 1, std::memory_order_relaxed);
  return before;
}

/// Into a bank that this thread alone writes now. Returns how many lay in that bucket before.
inline std::uint64_t record_in(HistogramBank& bank, const HistogramLayout& layout,
                               double value) noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  add_alone(bank.sum, value);
  if (value < std::bit_cast<double>(bank.min.load(relaxed))) {
    bank.min.store(std::bit_cast<std::uint64_t>(value), relaxed);
  }
  if (value > std::bit_cast<double>(bank.max.load(relaxed))) {
    bank.max.store(std::bit_cast<std::uint64_t>(value), relaxed);
  }
  if (layout.exponential) {
    return add_exponential(bank, value);
  }
  return count_one(bank.buckets()[bucket_of(value, layout)]);
}

/// By the thread that holds the cell; returns as record_in. `fences` where the kernel has no
/// membarrier.
inline std::uint64_t record_alone(HistogramCell& cell, const HistogramLayout& layout,
                                  const std::atomic<std::uint32_t>& interval, bool fences,
                                  double value) noexcept {
  const std::uint32_t sequence = cell.sequence.load(std::memory_order_relaxed);
  cell.sequence.store(sequence + 1, std::memory_order_relaxed);
  if (fences) [[unlikely]] {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  const std::uint64_t before =
      record_in(cell.bank(interval.load(std::memory_order_acquire), layout), layout, value);
  cell.sequence.store(sequence + 2, std::memory_order_release);
  return before;
}

}  // namespace posthaste::metrics

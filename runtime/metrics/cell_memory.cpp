#include "runtime/metrics/cell_memory.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace posthaste::metrics {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t line = 64;

bool register_membarrier() noexcept {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

bool has_membarrier() noexcept {
  static const bool has = register_membarrier();
  return has;
}

}  // namespace

bool CellMemory::charge(std::uint64_t bytes, Purpose purpose) noexcept {
  const std::uint64_t bound = purpose == Purpose::series ? bound_ : bound_ - bound_ / 4;
  std::uint64_t used = used_.load(relaxed);
  do {
    if (used + bytes > bound) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, relaxed));
  return true;
}

void HistogramBank::clear_values() noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  sum.store(std::bit_cast<std::uint64_t>(0.0), relaxed);
  min.store(std::bit_cast<std::uint64_t>(infinity), relaxed);
  max.store(std::bit_cast<std::uint64_t>(-infinity), relaxed);
  zeros.store(0, relaxed);
  scale.store(greatest_scale, relaxed);
  low.store(0, relaxed);
  high.store(-1, relaxed);
}

std::size_t cell_size(CellKind kind, const HistogramLayout& layout) noexcept {
  switch (kind) {
    case CellKind::sum_int64:
    case CellKind::sum_float64: return line;
    case CellKind::last_value: return 0;
    case CellKind::explicit_histogram:
    case CellKind::exponential_histogram: return HistogramCell::size_of(layout);
  }
  return 0;
}

Cell* make_cell(CellKind kind, const HistogramLayout& layout, Holder holder) noexcept {
  void* const memory =
      ::operator new (cell_size(kind, layout), std::align_val_t{line}, std::nothrow);
  if (memory == nullptr) return nullptr;
  Cell* made = nullptr;
  if (kind == CellKind::sum_int64 || kind == CellKind::sum_float64) {
    made = new (memory) Cell;
  } else {
    auto* const cell = new (memory) HistogramCell;
    for (const std::uint32_t which : {0u, 1u}) {
      auto* const bank = new (&cell->bank(which, layout)) HistogramBank;
      for (std::uint32_t i = 0; i < layout.buckets; ++i) {
        new (&bank->buckets()[i]) std::atomic<std::uint64_t>(0);
      }
      bank->clear_values();
    }
    made = cell;
  }
  made->holder.store(holder, relaxed);
  return made;
}

void free_cell(Cell* cell) noexcept {
  ::operator delete (cell, std::align_val_t{line});
}

/// Rare: the range of a bank grew beyond its buckets.
static void lower_scale(HistogramBank& bank, std::int32_t by) noexcept {
  const std::int32_t low = bank.low.load(relaxed), high = bank.high.load(relaxed);
  std::uint64_t before[ExponentialRange::slots];
  std::atomic<std::uint64_t>* const buckets = bank.buckets();
  for (std::uint32_t i = 0; i < ExponentialRange::slots; ++i) {
    before[i] = buckets[i].load(relaxed);
    buckets[i].store(0, relaxed);
  }
  for (std::int32_t i = low; i <= high; ++i) {
    add_alone(buckets[ExponentialRange::slot(i >> by)], before[ExponentialRange::slot(i)]);
  }
  bank.low.store(low >> by, relaxed);
  bank.high.store(high >> by, relaxed);
  bank.scale.store(bank.scale.load(relaxed) - by, relaxed);
}

std::uint64_t add_exponential(HistogramBank& bank, double value) noexcept {
  if (value == 0) {
    return count_one(bank.zeros);
  }
  std::int32_t index = exponential_index(value, bank.scale.load(relaxed));
  const std::int32_t low = bank.low.load(relaxed), high = bank.high.load(relaxed);
  if (low > high) {
    bank.low.store(index, relaxed);
    bank.high.store(index, relaxed);
  } else if (index < low || index > high) {
    if (const std::int32_t by = scale_change(std::min(low, index), std::max(high, index)); by > 0) {
      lower_scale(bank, by);
      index >>= by;
    }
    bank.low.store(std::min(bank.low.load(relaxed), index), relaxed);
    bank.high.store(std::max(bank.high.load(relaxed), index), relaxed);
  }
  return count_one(bank.buckets()[ExponentialRange::slot(index)]);
}

bool writers_must_fence() noexcept {
  return !has_membarrier();
}

void barrier_on_all_threads() noexcept {
  if (has_membarrier() && ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0) {
    return;
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace posthaste::metrics

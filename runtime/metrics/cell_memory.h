#pragma once

/// The memory of one Telemetry's metrics: every series and cell is charged to it, so that no number
/// of attribute sets or threads makes it grow beyond its bound (`metrics.memory`, 8 MiB). A quarter
/// is kept for series and the cells that threads share; the rest may become cells of single
/// threads.
///
/// Threads:  any, lock-free, but for the allocator itself; only called where a thread meets a
///           series for the first time.
/// Full:     null; a thread then shares a cell, and a new series is counted as overflow.

#include "runtime/metrics/cells.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace posthaste::metrics {

class CellMemory {
public:
  explicit CellMemory(std::uint64_t bound) noexcept : bound_(bound) {}

  enum class Purpose : std::uint8_t { series, cell_of_thread };
  /// False: there is no room, and nothing is charged.
  bool charge(std::uint64_t bytes, Purpose purpose) noexcept;
  void release(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t bound() const noexcept { return bound_; }

private:
  const std::uint64_t bound_;
  std::atomic<std::uint64_t> used_{0};
};

/// Bytes of a cell of that kind.
std::size_t cell_size(CellKind kind, const HistogramLayout& layout) noexcept;
/// A cell that holds nothing yet; null without memory. Not charged here.
Cell* make_cell(CellKind kind, const HistogramLayout& layout, Holder holder) noexcept;
void free_cell(Cell* cell) noexcept;

/// Makes every running thread of the process pass a memory barrier; where the kernel cannot,
/// writers must fence (`writers_must_fence`) and this does the collector's part.
void barrier_on_all_threads() noexcept;
bool writers_must_fence() noexcept;

}  // namespace posthaste::metrics

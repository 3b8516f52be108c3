#pragma once

/// The cells that each thread holds. A small table in front says for 256 series at once where the
/// thread's cell is; behind it a larger one knows all. When a thread ends, its cells stay with
/// their series, for the next thread or for the collector: what they hold is never copied or reset,
/// so nothing is lost or counted twice.
///
/// Threads:  alone() is each thread's own; the others from any.
/// Blocking: alone() never; cell_of() takes a short lock when a thread meets a series for the first
///           time; the rest lock.
/// Full:     4,096 cells a thread; further series share theirs.

#include "runtime/metrics/series.h"

#include <atomic>
#include <cstdint>

namespace posthaste::metrics {

struct FrontEntry {
  std::atomic<std::uintptr_t> series{1};  // 1: none. Cleared by the collector at any moment.
  Cell* cell = nullptr;                   // the thread holds it alone
};

struct FrontTable {
  FrontEntry entries[256];
};
static_assert(sizeof(FrontEntry) == 16);

/// This thread's; one that is empty for ever before its first measurement. Initial-exec: eight
/// bytes of static TLS, also in a library that is loaded late.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit FrontTable* this_front;

/// The cell of `series` that this thread holds alone, if the front table knows it; else null.
/// `offset` is front_offset(series).
[[gnu::always_inline]] inline Cell* cell_alone(std::uintptr_t series,
                                               std::uint32_t offset) noexcept {
  const auto& entry =
      *reinterpret_cast<const FrontEntry*>(reinterpret_cast<const char*>(this_front) + offset);
  if (entry.series.load(std::memory_order_relaxed) != series) return nullptr;
  if (entry.cell == nullptr) __builtin_unreachable();  // so that callers need not ask again
  return entry.cell;
}

/// The cell that this thread is to add to, which may be shared (Cell::holder); null without memory.
/// `remember`: the front table may keep it.
Cell* cell_of(Series& series, bool remember) noexcept;

/// Every thread's next measurement of any series passes through cell_of again.
void clear_fronts() noexcept;

/// The stream is going: no thread remembers its cells any more.
void forget_series_in_threads(const Stream& stream) noexcept;

}  // namespace posthaste::metrics

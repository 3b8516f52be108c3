#pragma once

/// What every stream of one Telemetry shares: memory, the door, the exemplar filter, and the count
/// of measurements that were turned away.
///
/// Threads: any; atomics.

#include "runtime/base/ingress.h"
#include "runtime/base/tick_clock.h"
#include "runtime/metrics/cell_memory.h"

#include <posthaste/ledger.h>
#include <posthaste/settings.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace posthaste::metrics {

using posthaste::MeasurementRefusal;

struct MetricContext {
  /// Without a door (null) it is open until it is closed: who measures is no application.
  MetricContext(std::uint64_t memory_bound, const Ingress* door, ExemplarFilter filter) noexcept
      : memory(memory_bound), ingress(door), exemplars(filter) {}

  CellMemory memory;
  const Ingress* const ingress;
  const ExemplarFilter exemplars;
  const bool writers_fence = writers_must_fence();
  const TickSource ticks = tick_source();
  std::atomic<bool> closed{false};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(MeasurementRefusal::count_)>
      refused{};

  /// The ingress is a new Telemetry's when `closed`; it is shut in children of fork.
  bool open() const noexcept {
    return !closed.load(std::memory_order_relaxed) &&
           (ingress == nullptr || (ingress->flags() & Ingress::open) != 0);
  }
  void refuse(MeasurementRefusal why) noexcept {
    refused[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t refused_for(MeasurementRefusal why) const noexcept {
    return refused[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }
};

}  // namespace posthaste::metrics

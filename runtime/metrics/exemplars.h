#pragma once

/// Exemplars of one series: measurements with the span that they were made in, as examples of what
/// the next point sums up. One for each bucket of an explicit histogram, else one; the first that is
/// offered after a collection stays.
///
///   a thread that measures ─► offer() ─► slot ─► take() ─► the collector's point
///
/// Threads:  any may offer; the collector takes. Each slot has a try-lock: who finds it held goes on
///           without, so an exemplar may be missed, never torn.
/// Blocking: never, but that the first offer of a series allocates its slots.
/// Full:     without memory the series has no exemplars. Filtered attributes have `attribute_room`
///           bytes; those that do not fit, and arrays, are left out.

#include "runtime/metrics/metric_context.h"

#include <posthaste/attributes.h>
#include <posthaste/ids.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace posthaste::metrics {

struct Series;

/// After a collection so many measurements of a series (of a histogram: of a bucket) by a thread
/// are offered; the rest pass by without a look at their span.
inline constexpr std::uint32_t exemplar_tries = 64;

struct KeptExemplar {
  static constexpr std::size_t attribute_room = 256;  // bytes of entries

  std::uint64_t value = 0;  // bits; of a histogram a double's
  std::uint64_t time = 0;   // ticks
  TraceId trace_id;
  SpanId span_id;
  std::uint16_t attributes = 0;  // that the view had filtered out
  std::uint16_t attribute_bytes = 0;
  std::array<std::byte, attribute_room> entries;
};

class ExemplarReservoir {
public:
  /// Null without memory. Charged as series are; never given back before the stream's end.
  static ExemplarReservoir* make(std::uint32_t slots, CellMemory& memory) noexcept;
  ~ExemplarReservoir() = default;

  std::uint32_t size() const noexcept { return size_; }
  static std::uint64_t charge_of(std::uint32_t slots) noexcept;

  /// False when the slot holds one already, or is held.
  bool put(std::uint32_t slot, const KeptExemplar& exemplar) noexcept;
  /// Moves out what was put up to `until` (ticks); false: nothing.
  bool take(std::uint32_t slot, std::uint64_t until, KeptExemplar& into) noexcept;
  bool filled(std::uint32_t slot) const noexcept {
    return slots_[slot].filled.load(std::memory_order_relaxed);
  }

private:
  struct Slot {
    std::atomic<bool> busy{false};
    std::atomic<bool> filled{false};
    KeptExemplar exemplar;  // under `busy`
  };
  ExemplarReservoir(std::unique_ptr<Slot[]> slots, std::uint32_t size) noexcept
      : slots_(std::move(slots)), size_(size) {}

  const std::unique_ptr<Slot[]> slots_;
  const std::uint32_t size_;
};

/// Offers a measurement: it becomes an exemplar when the filter takes it and its slot is empty.
/// `given`: all of its attributes, of a stream that filters. True: the slot needs no more offers.
bool offer_exemplar(Series& series, std::uint32_t slot, std::uint64_t bits,
                    Attributes given) noexcept;

}  // namespace posthaste::metrics

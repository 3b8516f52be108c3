#pragma once

/// What Posthaste itself measures: a source observes into the observable instruments of its meter.
/// Unlike the callbacks of an application it cannot hang, so it needs no thread of its own.
///
///   aggregator ─► begin, once ─► observe, in each collection ─► the collector, as if by callbacks ─► sent
///
/// Threads:  the aggregator's alone; it lives as long as the meter, over the aggregator's deaths.
/// Blocking: about 1 ms at most: reads of small files, no waiting.

#include "runtime/base/clock.h"

#include <cstdint>

namespace posthaste::metrics {

class MeterSource {
public:
  virtual ~MeterSource() = default;
  /// When the first interval begins: takes the readings that differences are made from.
  virtual void begin(SteadyTime now) = 0;
  /// Observes with Instrument::observe_from_source.
  virtual void observe(std::uint64_t collection, SteadyTime now) = 0;
  /// The points of what was observed last are out. Not called when the aggregator died before the
  /// first of them was: then the next observation is to hold what that one held.
  virtual void sent() noexcept {}
};

}  // namespace posthaste::metrics

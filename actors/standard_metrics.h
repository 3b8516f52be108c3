#pragma once

/// The standard metrics of one pipeline: requests/duration, dependencies/duration, exceptions/count
/// and traces/count of everything that was offered, whether or not it is sampled.
///
///   lanes ─► sampler ─ wire::Measure ─► [StandardMetrics] ─► cells ─► their meter's aggregator
///
/// It outlives every sampler: what was added stays in its cells until it is in a point, as any
/// measurement does (runtime/metrics/collector.h). A record is added in the same stretch of the
/// sampler that marks it as drained, in which nothing can throw and no actor can die; so each
/// counts once, whenever a sampler dies.
///
/// Threads:  add and add_unknown: the sampler's. Blocking: a short lock for a series that is new.
/// Full:     beyond metrics.cardinality_limit, or 4 MiB, the overflow series counts.

#include "runtime/metrics/metric_store.h"
#include "runtime/wire/standard_metrics.h"

#include <atomic>
#include <cstdint>

namespace posthaste::actors {

class StandardMetrics {
public:
  static constexpr std::uint64_t memory = 4 * 1024 * 1024;  // bytes, of its series and cells

  /// Makes the meter in `store`, which outlives it. `scope` is the number of wire::standard_meter;
  /// `outputs` those that take it, as of OwnMeter. May throw std::bad_alloc.
  StandardMetrics(metrics::MetricStore& store, std::uint16_t scope, std::uint16_t outputs);

  void add(const wire::Measure& measure) noexcept;
  /// A record whose dimensions could not be found out, for want of memory.
  void add_unknown(const model::RecordHead& record, const TickScale& scale) noexcept;

private:
  metrics::Instrument* requests_;
  metrics::Instrument* dependencies_;
  metrics::Instrument* exceptions_;
  metrics::Instrument* traces_;
};

}  // namespace posthaste::actors

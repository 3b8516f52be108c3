#pragma once

/// The performance counters of Application Insights that tell of what is recorded: how many requests
/// a server takes a second, how long they take, and how many exceptions there are. Counted by the
/// sampler from every record that it drains, hence exact whatever is sampled; also where the
/// standard metrics are off.
///
///   Request_Rate             gauge, 1/s       spans of kind server
///   Request_Execution_Time   histogram, ms    their durations
///   Exception_Rate           gauge, 1/s       exception logs, and exception events of spans that are
///                                             not internal
///
/// Threads:  count and count_unknown: the sampler's; the rest as metrics::MeterSource.
/// Blocking: as a measurement. Rates are of the time since they were last sent, at least a second.

#include "runtime/host/rate.h"
#include "runtime/metrics/meter_state.h"
#include "runtime/wire/standard_metrics.h"

#include <atomic>
#include <cstdint>

namespace posthaste::actors {

class RequestCounters final : public metrics::MeterSource {
public:
  /// Of the meter of PerformanceCounters, which keeps it.
  explicit RequestCounters(metrics::MeterState& meter);

  void count(const wire::Measure& measure) noexcept;
  /// A record that could not be looked into, for want of memory.
  void count_unknown(const model::RecordHead& record, const TickScale& scale) noexcept;
  void begin(SteadyTime now) override;
  void observe(std::uint64_t collection, SteadyTime now) override;
  void sent() noexcept override;

private:
  void count_request(std::chrono::nanoseconds duration) noexcept;

  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> exceptions_{0};
  host::Rate request_rate_;
  host::Rate exception_rate_;
  metrics::Instrument* request_gauge_;
  metrics::Instrument* execution_time_;
  metrics::Instrument* exception_gauge_;
};

}  // namespace posthaste::actors

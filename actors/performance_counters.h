#pragma once

/// The performance counters that Application Insights shows for a server, of this process and its
/// machine, under the names that Microsoft's exporters give them (runtime/wire/metric_data.cpp).
/// Those of requests and exceptions are made from what is recorded (request_counters.h).
///
///   Private_Bytes            gauge, By      resident memory of the process
///   Available_Bytes          gauge, By      memory of the machine that can be had without swapping
///   Processor_Time           gauge, %       of all processors of the machine: 100 * busy / all
///   Process_Time_Standard    gauge, %       100 * (user + system) / time; one busy thread is 100
///   Process_Time_Normalized  gauge, %       the same, divided by the processors it may run on
///   IO_Data_Bytes_Rate       gauge, By/s    read from and written to disks by the process
///
/// Rates are of the time since they were last sent, at least a second. What cannot be read is not
/// sent, and said once. Threads, blocking: as metrics::MeterSource.

#include "runtime/base/diagnostics_sink.h"
#include "runtime/host/process_reader.h"
#include "runtime/host/rate.h"
#include "runtime/metrics/meter_state.h"

#include <cstdint>

namespace posthaste::actors {

class PerformanceCounters final : public metrics::MeterSource {
public:
  static constexpr const char* meter_name = "AzureMonitorPerformanceCountersMeter";

  PerformanceCounters(metrics::MeterState& meter, host::ProcessReader reader,
                      DiagnosticsSink& diagnostics);
  void begin(SteadyTime now) override;
  void observe(std::uint64_t collection, SteadyTime now) override;
  void sent() noexcept override;

private:
  /// Percent; nothing: it is not time yet.
  struct Readings {
    std::optional<double> machine;
    std::optional<double> process;
    std::optional<double> disk;  // bytes per second
  };
  Readings read_rates(SteadyTime now);

  host::ProcessReader reader_;
  DiagnosticsSink& diagnostics_;
  host::Share machine_busy_;
  host::Rate process_busy_;
  host::Rate disk_bytes_;
  bool told_ = false;
  metrics::Instrument* private_bytes_;
  metrics::Instrument* available_bytes_;
  metrics::Instrument* processor_time_;
  metrics::Instrument* process_time_;
  metrics::Instrument* process_time_normalized_;
  metrics::Instrument* disk_rate_;
};

}  // namespace posthaste::actors

#pragma once

/// Metrics of the process and of its container under the names of OpenTelemetry's semantic
/// conventions (process.*, container.*; docs/metrics.md has the table with units and kinds). What the
/// conventions have no name for is marked there.
///
/// What cannot be read is not sent, and said once; container.* also not where the process lies in no
/// control group of its own. Utilisation and usage are of the time since they were last sent, at
/// least a second. Threads, blocking: as metrics::MeterSource.

#include "actors/source_instruments.h"
#include "runtime/base/diagnostics_sink.h"
#include "runtime/host/cgroup_reader.h"
#include "runtime/host/process_reader.h"
#include "runtime/host/rate.h"
#include "runtime/metrics/meter_state.h"

#include <array>
#include <cstdint>

namespace posthaste::actors {

class ProcessMetrics final : public metrics::MeterSource {
public:
  static constexpr const char* meter_name = "posthaste.process";

  ProcessMetrics(metrics::MeterState& meter, host::ProcessReader process,
                 host::CgroupReader container, DiagnosticsSink& diagnostics);
  void begin(SteadyTime now) override;
  void observe(std::uint64_t collection, SteadyTime now) override;
  void sent() noexcept override;

private:
  enum Name : std::uint8_t {
    cpu_time,
    cpu_utilization,
    memory_usage,
    memory_virtual,
    disk_io,
    thread_count,
    descriptor_count,
    context_switches,
    paging_faults,
    uptime,
    container_cpu_time,
    container_cpu_usage,
    container_throttled,
    container_memory_usage,
    container_memory_working_set,
    container_memory_available,
    container_memory_limit,
    count_,
  };
  void observe_process(const Observation& to, SteadyTime now);
  void observe_memory(const Observation& to);
  void observe_container(const Observation& to, SteadyTime now);
  metrics::Instrument* at(Name name) const noexcept { return instruments_[name]; }

  host::ProcessReader process_;
  host::CgroupReader container_;
  DiagnosticsSink& diagnostics_;
  std::array<metrics::Instrument*, count_> instruments_{};
  host::Rate user_;
  host::Rate system_;
  host::Rate container_user_;
  host::Rate container_system_;
  bool told_ = false;
};

}  // namespace posthaste::actors

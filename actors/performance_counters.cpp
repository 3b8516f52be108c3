#include "actors/performance_counters.h"

#include "actors/source_instruments.h"

#include <utility>

namespace posthaste::actors {
namespace {

constexpr double percent = 100;

metrics::Instrument* gauge(metrics::MeterState& meter, const char* name, const char* unit,
                           bool integer, const char* description) {
  return meter.make({.name = name,
                     .unit = unit,
                     .description = description,
                     .kind = InstrumentKind::observable_gauge,
                     .integer = integer});
}

std::optional<double> times(const std::optional<double>& value, double factor) noexcept {
  return value ? std::optional(*value * factor) : std::nullopt;
}

double seconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

PerformanceCounters::PerformanceCounters(metrics::MeterState& meter, host::ProcessReader reader,
                                         DiagnosticsSink& diagnostics)
    : reader_(std::move(reader)),
      diagnostics_(diagnostics),
      private_bytes_(gauge(meter, "Private_Bytes", "By", true, "Resident memory of the process.")),
      available_bytes_(gauge(meter, "Available_Bytes", "By", true,
                             "Memory of the machine that can be had without swapping.")),
      processor_time_(gauge(meter, "Processor_Time", "%", false,
                            "How busy all processors of the machine are.")),
      process_time_(gauge(meter, "Process_Time_Standard", "%", false,
                          "Processor time of the process; one busy thread is 100.")),
      process_time_normalized_(
          gauge(meter, "Process_Time_Normalized", "%", false,
                "Processor time of the process, for each processor it may run on.")),
      disk_rate_(gauge(meter, "IO_Data_Bytes_Rate", "By/s", false,
                       "What the process reads from and writes to disks.")) {}

PerformanceCounters::Readings PerformanceCounters::read_rates(SteadyTime now) {
  Readings readings;
  if (const auto ticks = reader_.processor_ticks()) {
    const auto busy = static_cast<double>(ticks->total - ticks->idle);
    readings.machine =
        times(machine_busy_.since_last(busy, static_cast<double>(ticks->total), now), percent);
  }
  readings.process =
      times(process_busy_.since_last(seconds(reader_.usage().processor_time()), now), percent);
  if (const auto transfer = reader_.disk_transfer()) {
    const auto bytes = static_cast<double>(transfer->read) + static_cast<double>(transfer->written);
    readings.disk = disk_bytes_.since_last(bytes, now);
  }
  return readings;
}

void PerformanceCounters::begin(SteadyTime now) {
  read_rates(now);
}

void PerformanceCounters::sent() noexcept {
  machine_busy_.sent();
  process_busy_.sent();
  disk_bytes_.sent();
}

void PerformanceCounters::observe(std::uint64_t collection, SteadyTime now) {
  const Observation observation(collection);
  const Readings readings = read_rates(now);
  observation.put(processor_time_, readings.machine);
  observation.put(process_time_, readings.process);
  observation.put(process_time_normalized_, times(readings.process, 1.0 / reader_.processors()));
  observation.put(disk_rate_, readings.disk);
  if (const auto state = reader_.state()) {
    observation.put(private_bytes_, std::optional(state->resident_bytes));
  }
  observation.put(available_bytes_, reader_.available_memory());
  if (!std::exchange(told_, true)) {
    tell_unreadable(diagnostics_, "performance counters", reader_.failures());
  }
}

}  // namespace posthaste::actors

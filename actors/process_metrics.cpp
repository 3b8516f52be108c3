#include "actors/process_metrics.h"

#include <utility>

namespace posthaste::actors {
namespace {

constexpr auto counter = InstrumentKind::observable_counter;
constexpr auto level = InstrumentKind::observable_up_down_counter;
constexpr auto gauge = InstrumentKind::observable_gauge;

struct Row {
  const char* name;
  const char* unit;
  InstrumentKind kind;
  bool integer;
  const char* description;
};

/// In the order of ProcessMetrics::Name.
constexpr std::array rows{
    Row{"process.cpu.time", "s", counter, false, "Total CPU time, by mode."},
    Row{"process.cpu.utilization", "1", gauge, false,
        "CPU time since the last measurement, divided by the time that passed and the processors "
        "that the process may run on."},
    Row{"process.memory.usage", "By", level, true, "Physical memory in use."},
    Row{"process.memory.virtual", "By", level, true, "Virtual memory."},
    Row{"process.disk.io", "By", counter, true, "Bytes read from and written to disks."},
    Row{"process.thread.count", "{thread}", level, true, "Threads."},
    Row{"process.unix.file_descriptor.count", "{file_descriptor}", level, true,
        "Open file descriptors."},
    Row{"process.context_switches", "{context_switch}", counter, true, "Context switches."},
    Row{"process.paging.faults", "{fault}", counter, true, "Page faults."},
    Row{"process.uptime", "s", gauge, false, "How long the process has been running."},
    Row{"container.cpu.time", "s", counter, false, "Total CPU time of the container, by mode."},
    Row{"container.cpu.usage", "{cpu}", gauge, false,
        "CPUs that the container used since the last measurement."},
    Row{"container.cpu.throttled_time", "s", counter, false,
        "How long the container had work, and had used up its CPU quota."},
    Row{"container.memory.usage", "By", level, true,
        "Memory of the container, page cache included."},
    Row{"container.memory.working_set", "By", level, true,
        "Memory of the container without the cache that is given up first."},
    Row{"container.memory.available", "By", level, true,
        "What the working sets leave of the limits of the container and all around it."},
    Row{"container.memory.limit", "By", level, true,
        "The least limit of the container and all around it."},
};

/// An attribute that is known beforehand.
struct Label {
  const char* key;
  const char* value;
  operator Attribute() const noexcept { return {key, value}; }
};
constexpr Label mode_user{"cpu.mode", "user"};
constexpr Label mode_system{"cpu.mode", "system"};
constexpr Label direction_read{"disk.io.direction", "read"};
constexpr Label direction_write{"disk.io.direction", "write"};
constexpr Label type_voluntary{"process.context_switch.type", "voluntary"};
constexpr Label type_involuntary{"process.context_switch.type", "involuntary"};
constexpr Label fault_minor{"system.paging.fault.type", "minor"};
constexpr Label fault_major{"system.paging.fault.type", "major"};

/// Borrows: for an argument alone.
Attributes only(const Attribute& attribute) noexcept {
  return std::span<const Attribute>(&attribute, 1);
}

std::optional<double> seconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

std::optional<std::uint64_t> amount(std::uint64_t number) noexcept {
  return number;
}

std::optional<double> divided(const std::optional<double>& rate, unsigned by) noexcept {
  return rate ? std::optional(*rate / by) : std::nullopt;
}

}  // namespace

ProcessMetrics::ProcessMetrics(metrics::MeterState& meter, host::ProcessReader process,
                               host::CgroupReader container, DiagnosticsSink& diagnostics)
    : process_(std::move(process)), container_(std::move(container)), diagnostics_(diagnostics) {
  static_assert(rows.size() == count_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    instruments_[i] = meter.make({.name = row.name,
                                  .unit = row.unit,
                                  .description = row.description,
                                  .kind = row.kind,
                                  .integer = row.integer});
  }
}

void ProcessMetrics::begin(SteadyTime now) {
  const host::ProcessUsage usage = process_.usage();
  user_.since_last(*seconds(usage.user), now);
  system_.since_last(*seconds(usage.system), now);
  if (const auto cpu = container_.cpu()) {
    container_user_.since_last(*seconds(cpu->user), now);
    container_system_.since_last(*seconds(cpu->system), now);
  }
}

void ProcessMetrics::sent() noexcept {
  for (host::Rate* const rate : {&user_, &system_, &container_user_, &container_system_}) {
    rate->sent();
  }
}

void ProcessMetrics::observe(std::uint64_t collection, SteadyTime now) {
  const Observation to(collection);
  observe_process(to, now);
  observe_container(to, now);
  observe_memory(to);
  if (!std::exchange(told_, true)) {
    tell_unreadable(diagnostics_, "process metrics", process_.failures());
  }
}

void ProcessMetrics::observe_process(const Observation& to, SteadyTime now) {
  const host::ProcessUsage usage = process_.usage();
  to.put(at(cpu_time), seconds(usage.user), only(mode_user));
  to.put(at(cpu_time), seconds(usage.system), only(mode_system));
  const unsigned processors = process_.processors();
  const auto user = user_.since_last(*seconds(usage.user), now);
  const auto system = system_.since_last(*seconds(usage.system), now);
  to.put(at(cpu_utilization), divided(user, processors), only(mode_user));
  to.put(at(cpu_utilization), divided(system, processors), only(mode_system));
  to.put(at(context_switches), amount(usage.voluntary_switches), only(type_voluntary));
  to.put(at(context_switches), amount(usage.involuntary_switches), only(type_involuntary));
  to.put(at(paging_faults), amount(usage.minor_faults), only(fault_minor));
  to.put(at(paging_faults), amount(usage.major_faults), only(fault_major));
  to.put(at(descriptor_count), process_.open_descriptors());
  if (const auto transfer = process_.disk_transfer()) {
    to.put(at(disk_io), amount(transfer->read), only(direction_read));
    to.put(at(disk_io), amount(transfer->written), only(direction_write));
  }
  if (const auto state = process_.state()) {
    to.put(at(memory_usage), amount(state->resident_bytes));
    to.put(at(memory_virtual), amount(state->virtual_bytes));
    to.put(at(thread_count), amount(state->threads));
    to.put(at(uptime), std::optional(state->age.count()));
  }
}

void ProcessMetrics::observe_container(const Observation& to, SteadyTime now) {
  if (const auto cpu = container_.cpu()) {
    to.put(at(container_cpu_time), seconds(cpu->user), only(mode_user));
    to.put(at(container_cpu_time), seconds(cpu->system), only(mode_system));
    to.put(at(container_cpu_usage), container_user_.since_last(*seconds(cpu->user), now),
           only(mode_user));
    to.put(at(container_cpu_usage), container_system_.since_last(*seconds(cpu->system), now),
           only(mode_system));
  }
  if (const auto throttled = container_.throttled()) {
    to.put(at(container_throttled), seconds(*throttled));
  }
}

void ProcessMetrics::observe_memory(const Observation& to) {
  const auto memory = container_.memory();
  if (!memory) return;
  to.put(at(container_memory_usage), amount(memory->usage));
  to.put(at(container_memory_working_set), amount(memory->working_set));
  to.put(at(container_memory_available), memory->available);
  to.put(at(container_memory_limit), memory->limit);
}

}  // namespace posthaste::actors

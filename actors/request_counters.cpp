#include "actors/request_counters.h"

#include "actors/source_instruments.h"
#include "runtime/model/record_times.h"

#include <posthaste/span_kind.h>

#include <chrono>

namespace posthaste::actors {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

metrics::Instrument* gauge(metrics::MeterState& meter, const char* name, const char* description) {
  return meter.make({.name = name,
                     .unit = "1/s",
                     .description = description,
                     .kind = InstrumentKind::observable_gauge,
                     .integer = false});
}

double amount(const std::atomic<std::uint64_t>& count) noexcept {
  return static_cast<double>(count.load(relaxed));
}

}  // namespace

RequestCounters::RequestCounters(metrics::MeterState& meter)
    : request_gauge_(gauge(meter, "Request_Rate", "Requests that servers ended, a second.")),
      // The service takes count, sum and extremes; buckets would only cost memory.
      execution_time_(meter.make({.name = "Request_Execution_Time",
                                  .unit = "ms",
                                  .description = "How long requests took.",
                                  .kind = InstrumentKind::histogram,
                                  .integer = false,
                                  .boundaries = {0}})),
      exception_gauge_(gauge(meter, "Exception_Rate", "Exceptions recorded, a second.")) {}

void RequestCounters::count(const wire::Measure& measure) noexcept {
  exceptions_.fetch_add(measure.exceptions, relaxed);
  if (measure.server) count_request(measure.duration);
}

void RequestCounters::count_unknown(const model::RecordHead& record,
                                    const TickScale& scale) noexcept {
  const bool server = record.type == model::RecordType::span &&
                      static_cast<SpanKind>(record.kind) == SpanKind::server;
  if (server) count_request(model::duration_of(record, scale));
}

void RequestCounters::count_request(std::chrono::nanoseconds duration) noexcept {
  requests_.fetch_add(1, relaxed);
  if (execution_time_ == nullptr) return;
  execution_time_->measure_all(std::chrono::duration<double, std::milli>(duration).count(), {});
}

/// What was counted before the first interval belongs to it.
void RequestCounters::begin(SteadyTime now) {
  request_rate_.since_last(0, now);
  exception_rate_.since_last(0, now);
}

void RequestCounters::observe(std::uint64_t collection, SteadyTime now) {
  const Observation observation(collection);
  observation.put(request_gauge_, request_rate_.since_last(amount(requests_), now));
  observation.put(exception_gauge_, exception_rate_.since_last(amount(exceptions_), now));
}

void RequestCounters::sent() noexcept {
  request_rate_.sent();
  exception_rate_.sent();
}

}  // namespace posthaste::actors

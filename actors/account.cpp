#include "actors/account.h"

#include "runtime/arena/log.h"

namespace posthaste::actors {
namespace {

OutputLedger ledger_of(const Durable& durable, const Custody& output) {
  const arena::OutputHead& head = output.head();
  OutputLedger ledger;
  ledger.name = output.name;
  ledger.recovered = output.recovered.load(std::memory_order_relaxed);
  ledger.delivered = head.delivered.load(std::memory_order_relaxed);
  ledger.replayed = head.replayed.load(std::memory_order_relaxed);
  ledger.in_store = output.store_records.load(std::memory_order_relaxed);
  ledger.for_others = head.for_others.load(std::memory_order_relaxed);
  ledger.ambiguous = head.ambiguous.load(std::memory_order_relaxed);
  ledger.items_rejected = head.items_rejected.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < drop_count; ++i) {
    ledger.dropped[static_cast<DropReason>(i)] =
        head.dropped[i].load(std::memory_order_relaxed) +
        output.dropped_adopted[i].load(std::memory_order_relaxed);
  }
  ledger.resident = arena::resident_records(durable.arena, output.number);
  if (durable.abandoned.load(std::memory_order_acquire)) {
    ledger.dropped[DropReason::shutdown_deadline] += ledger.resident;
    ledger.resident = 0;
  }
  ledger.last_error = output.last_error();
  return ledger;
}

std::uint64_t unencoded_records(const Durable& durable, const Custody& output) noexcept {
  const std::uint64_t all = durable.arena.header().log_records.load(std::memory_order_relaxed);
  const std::uint64_t encoded = output.head().encoded_records.load(std::memory_order_relaxed);
  return all > encoded ? all - encoded : 0;
}

}  // namespace

Ledger ledger_of(const Durable& durable) {
  Ledger ledger;
  ledger.accepted = durable.arena.header().accepted.load(std::memory_order_relaxed);
  ledger.refused = durable.arena.refused();
  for (const auto& output : durable.outputs) ledger.outputs.push_back(ledger_of(durable, *output));
  return ledger;
}

std::vector<OutputHealth> health_of(const Durable& durable) {
  std::vector<OutputHealth> all;
  for (const auto& output : durable.outputs) {
    OutputHealth health;
    health.name = output->name;
    health.waiting = unencoded_records(durable, *output);
    health.batches_waiting = output->bodies_ready.load(std::memory_order_relaxed);
    health.batches_in_flight = output->in_flight.load(std::memory_order_relaxed);
    health.store_batches = output->store_batches.load(std::memory_order_relaxed);
    health.store_bytes = output->store_bytes.load(std::memory_order_relaxed);
    const std::uint64_t lasts = output->store_lasts_s.load(std::memory_order_relaxed);
    if (health.store_batches > 0 && lasts != UINT64_MAX) {
      health.store_lasts = std::chrono::seconds{lasts};
    }
    health.encoded_today = Bytes{output->budget_meter.used()};
    const std::uint64_t tail = durable.arena.header().log_tail.load(std::memory_order_relaxed);
    const std::uint64_t cursor = output->head().encoded_up_to.load(std::memory_order_relaxed);
    health.encoded_up_to = Bytes{cursor};
    health.behind = Bytes{tail > cursor ? tail - cursor : 0};
    health.delivered_per_second =
        output->delivered_rate.per_second(durable.clock->steady(), output->head().delivered);
    health.requests = output->requests.read();
    health.last_error = output->last_error();
    all.push_back(std::move(health));
  }
  return all;
}

MetricHealth metric_health_of(const Durable& durable) {
  MetricHealth health;
  if (durable.metrics == nullptr) return health;
  const metrics::MetricContext& context = durable.metrics->context();
  for (std::size_t i = 0; i < health.refused.size(); ++i) {
    const auto refusal = static_cast<MeasurementRefusal>(i);
    health.refused[refusal] = context.refused_for(refusal);
  }
  health.memory = Bytes{context.memory.used()};
  const std::size_t meters = durable.metrics->meter_count();
  for (std::size_t i = 0; i < meters; ++i) {
    metrics::MeterState& meter = durable.metrics->meter_at(i);
    health.overflowed += meter.overflowed();
    health.callback_failures += meter.callback_failures().load(std::memory_order_relaxed);
  }
  return health;
}

/// Pages that were never needed are free as well.
std::uint64_t free_bytes_of(const Durable& durable) noexcept {
  const arena::Geometry& geometry = durable.arena.geometry();
  const std::uint32_t touched = durable.arena.header().touched.load(std::memory_order_relaxed);
  const std::uint32_t untouched = geometry.segments - std::min(touched, geometry.segments);
  return std::uint64_t{durable.arena.free_segments() + untouched} * arena::segment_size;
}

}  // namespace posthaste::actors

#include "runtime/metrics/metric_store.h"

#include "runtime/metrics/thread_cells.h"

namespace posthaste::metrics {

MetricStore::MetricStore(MetricStoreSetup setup, const Ingress& ingress, const Clock& clock,
                         DiagnosticsSink& diagnostics)
    : setup_(std::move(setup)),
      context_(setup_.memory, ingress, setup_.exemplars),
      clock_(clock),
      diagnostics_(diagnostics),
      options_(std::make_shared<const MeterOptions>(
          MeterOptions{setup_.views, setup_.defaults, setup_.readers})) {}

MetricStore::~MetricStore() = default;

MeterState& MetricStore::meter(std::string_view name, std::uint16_t scope, bool& made) {
  const std::lock_guard lock(mutex_);
  made = false;
  for (const std::unique_ptr<MeterState>& known : meters_) {
    if (!known->is_self() && known->scope() == scope && known->name() == name) return *known;
  }
  if (meters_.size() == most_meters) return *meters_.back();
  made = true;
  meters_.push_back(std::make_unique<MeterState>(std::string(name), scope, options_, context_,
                                                 clock_, diagnostics_));
  return *meters_.back();
}

MeterState& MetricStore::self_meter(std::string name, std::uint16_t scope) {
  const std::lock_guard lock(mutex_);
  meters_.push_back(std::make_unique<MeterState>(std::move(name), scope, options_, context_, clock_,
                                                 diagnostics_, MeterState::About::posthaste));
  return *meters_.back();
}

void MetricStore::close() noexcept {
  if (context_.closed.exchange(true, std::memory_order_relaxed)) return;
  {
    const std::lock_guard lock(mutex_);
    for (const std::unique_ptr<MeterState>& meter : meters_) meter->close();
  }
  clear_fronts();  // so that later measurements are seen, and counted
}

std::size_t MetricStore::meter_count() const {
  const std::lock_guard lock(mutex_);
  return meters_.size();
}

MeterState& MetricStore::meter_at(std::size_t number) const {
  const std::lock_guard lock(mutex_);
  return *meters_[number];
}

}  // namespace posthaste::metrics

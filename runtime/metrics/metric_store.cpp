#include "runtime/metrics/metric_store.h"

#include "runtime/metrics/thread_cells.h"

namespace posthaste::metrics {

MetricStore::MetricStore(MetricStoreSetup setup, const Ingress& ingress, const Clock& clock,
                         DiagnosticsSink& diagnostics)
    : setup_(std::move(setup)),
      context_(setup_.memory, &ingress, setup_.exemplars),
      clock_(clock),
      diagnostics_(diagnostics),
      options_(std::make_shared<const MeterOptions>(
          MeterOptions{setup_.views, setup_.defaults, setup_.readers, false})) {}

MetricStore::~MetricStore() = default;

MeterState* MetricStore::find(std::string_view name, std::uint16_t scope) const noexcept {
  for (const std::unique_ptr<MeterState>& known : meters_) {
    const bool same = known->scope() == scope && known->name() == name;
    if (same && !known->is_self()) return known.get();
  }
  return nullptr;
}

MeterState& MetricStore::own_meter(std::string_view name, std::uint16_t scope, OwnMeter setup) {
  const std::lock_guard lock(mutex_);
  if (MeterState* const known = find(name, scope)) return *known;
  own_contexts_.push_back(
      std::make_unique<MetricContext>(setup.memory, nullptr, ExemplarFilter::always_off));
  const auto options = std::make_shared<const MeterOptions>(
      MeterOptions{{}, setup_.defaults, {{.wants = {}, .outputs = setup.outputs}}, true});
  meters_.push_back(std::make_unique<MeterState>(std::string(name), scope, options,
                                                 *own_contexts_.back(), clock_, diagnostics_));
  return *meters_.back();
}

MeterState& MetricStore::meter(std::string_view name, std::uint16_t scope, bool& made) {
  const std::lock_guard lock(mutex_);
  made = false;
  if (MeterState* const known = find(name, scope)) return *known;
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
    for (const auto& context : own_contexts_) {
      context->closed.store(true, std::memory_order_relaxed);
    }
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

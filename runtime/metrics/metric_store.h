#pragma once

/// All metrics of one Telemetry: its meters, and what they share. Every handle of an instrument
/// keeps it alive; when the Telemetry ends it is closed, and measurements are turned away.
///
///   Telemetry::meter ─► meter() ─► MeterState ─► Instrument ─► Stream ─► Series ─► Cell
///                                      └──► Collector, in the meter's aggregator
///
/// Threads:  any. Blocking: meter() locks; it is rare.
/// Full:     256 meters; further ones are the last one's.

#include "runtime/metrics/meter_state.h"

#include <posthaste/settings.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace posthaste::metrics {

struct MetricStoreSetup {
  std::uint64_t memory = 8 * 1024 * 1024;  // bytes
  ExemplarFilter exemplars = ExemplarFilter::trace_based;
  std::vector<MetricView> views = {};
  StreamDefaults defaults = {};
  std::vector<Reader> readers = {{}};  // not empty
};

struct OwnMeter {
  std::uint64_t memory = 0;   // bytes
  std::uint16_t outputs = 0;  // that its points are for: bit o: output o; 0: all
};

class MetricStore {
public:
  static constexpr std::size_t most_meters = 256;

  /// `ingress` lives for ever. `clock` and `diagnostics` are used until close().
  MetricStore(MetricStoreSetup setup, const Ingress& ingress, const Clock& clock,
              DiagnosticsSink& diagnostics);
  ~MetricStore();

  /// The meter of that scope, made if it is new. `made`: it was.
  MeterState& meter(std::string_view name, std::uint16_t scope, bool& made);
  /// One that tells about Posthaste itself: its points say so, and meter() never gives it.
  MeterState& self_meter(std::string name, std::uint16_t scope);
  /// A meter that the pipeline itself measures with, made if it is new: views are not for it, its
  /// series have memory of their own and no exemplars, and it measures until close().
  MeterState& own_meter(std::string_view name, std::uint16_t scope, OwnMeter setup);
  /// Nothing is measured any more. Handles may stay.
  void close() noexcept;

  /// Meters so far; further ones come behind them.
  std::size_t meter_count() const;
  MeterState& meter_at(std::size_t number) const;
  MetricContext& context() noexcept { return context_; }
  const MetricContext& context() const noexcept { return context_; }

private:
  MeterState* find(std::string_view name, std::uint16_t scope) const noexcept;

  const MetricStoreSetup setup_;
  MetricContext context_;
  const Clock& clock_;
  DiagnosticsSink& diagnostics_;
  std::shared_ptr<const MeterOptions> options_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<MetricContext>> own_contexts_;  // before the meters that use them
  std::vector<std::unique_ptr<MeterState>> meters_;
};

}  // namespace posthaste::metrics

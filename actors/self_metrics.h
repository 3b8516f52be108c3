#pragma once

/// What Posthaste measures about itself: the metrics `otel.sdk.*` of OpenTelemetry's semantic
/// conventions, and Statsbeat's measures, as instruments of a meter of their own, for the user's own
/// outputs. There only where the setting `metrics.self_metrics` says so.
///
///   accounts by signal, request tallies, slots ─► callbacks ─► aggregator of the own meter ─► points
///   transmitters, aggregators ─► durations ───────────────────────┘
///
/// They cannot feed on themselves: points of the own meter bear a mark (record_flag::self_metric),
/// are counted apart, and are left out of every number here, as are requests and collections of
/// theirs alone.
///
/// Threads:  made before the first actor; exported() by transmitters, collected() by aggregators,
///           the callbacks on the thread for callbacks.
/// Blocking: the destructor waits for a callback that runs (some 100 µs).
/// Full:     as any instruments.

#include "runtime/base/clock.h"
#include "runtime/metrics/metric_store.h"
#include "runtime/model/signal.h"

#include <posthaste/ledger.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::actors {

struct Durable;

inline constexpr std::string_view self_meter_name = "posthaste";

class SelfMetrics {
public:
  /// `durable` has its outputs and metrics, and outlives it. `scope` is the meter's.
  SelfMetrics(Durable& durable, std::uint16_t scope);
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  /// A batch is done with, or was refused for good: `error` is empty, a status or an error's name.
  /// From its first request to the last answer.
  void exported(std::uint32_t output, std::chrono::nanoseconds took, std::string_view error,
                int status) noexcept;
  /// A meter other than the own one was collected.
  void collected(std::chrono::nanoseconds took, bool failed) noexcept;

private:
  struct Component {
    std::string exporter_type, exporter_name;
    std::string span_processor_name, log_processor_name;
    std::string server_address;  // empty: none
    std::int64_t server_port = 0;
  };
  struct Definition;
  using Collection = std::uint64_t;
  using Observe = void (SelfMetrics::*)(const Definition&, metrics::Instrument&, Collection);
  static const Definition definitions[];

  void watch(const Definition& definition);
  void observe_live(const Definition&, metrics::Instrument& to, Collection collection);
  void observe_started(const Definition&, metrics::Instrument& to, Collection collection);
  void observe_logs_created(const Definition&, metrics::Instrument& to, Collection collection);
  void observe_queue(const Definition& what, metrics::Instrument& to, Collection collection);
  void observe_capacity(const Definition& what, metrics::Instrument& to, Collection collection);
  void observe_processed(const Definition& what, metrics::Instrument& to, Collection collection);
  void observe_inflight(const Definition& what, metrics::Instrument& to, Collection collection);
  void observe_exported(const Definition& what, metrics::Instrument& to, Collection collection);
  void observe_requests(const Definition& what, metrics::Instrument& to, Collection collection);
  void observe_request_duration(const Definition&, metrics::Instrument& to, Collection collection);
  void observe_items_dropped(const Definition&, metrics::Instrument& to, Collection collection);

  Counts<RefusalReason> refused(model::Signal signal) const noexcept;
  std::vector<Attribute> exporter(std::size_t output) const;
  std::vector<Attribute> processor(std::size_t output, model::Signal signal) const;

  Durable& durable_;
  metrics::MeterState& meter_;
  std::vector<Component> components_;  // by output
  metrics::Instrument* export_duration_ = nullptr;
  metrics::Instrument* collection_duration_ = nullptr;
  std::vector<std::shared_ptr<metrics::Callback>> callbacks_;

  // the callbacks' alone
  std::uint64_t started_ = 0;  // told so far: what is between a slot and the log is in neither
  struct Timed {
    std::uint64_t requests = 0;
    std::chrono::nanoseconds time{};
  };
  std::vector<Timed> timed_;  // by output, told so far
};

}  // namespace posthaste::actors

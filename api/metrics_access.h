#pragma once

/// The one door between the public instruments and the runtime: makes them and looks into them.
///
/// Threads: any. Blocking: see runtime/metrics.

#include "runtime/metrics/callbacks.h"
#include "runtime/metrics/instrument.h"
#include "runtime/metrics/meter_state.h"
#include "runtime/metrics/metric_store.h"

#include <posthaste/meter.h>

#include <memory>

namespace posthaste {

struct MetricsAccess {
  /// `store` keeps the meter alive.
  static Meter meter(const std::shared_ptr<metrics::MetricStore>& store,
                     metrics::MeterState& state) noexcept {
    Meter meter;
    meter.state_ = std::shared_ptr<metrics::MeterState>(store, &state);
    return meter;
  }
  static const std::shared_ptr<metrics::MeterState>& state(const Meter& meter) noexcept {
    return meter.state_;
  }
  template <class Handle>
  static Handle instrument(const std::shared_ptr<metrics::MeterState>& meter,
                           metrics::Instrument* instrument) noexcept {
    Handle handle;
    if (instrument != nullptr) {
      handle.instrument_ = std::shared_ptr<metrics::Instrument>(meter, instrument);
    }
    return handle;
  }
  template <class Handle>
  static Handle bound(detail::BoundSeries to) noexcept {
    Handle handle;
    handle.to_ = std::move(to);
    return handle;
  }
  template <class T>
  static Observer<T> observer(metrics::Instrument& instrument, std::uint64_t collection) noexcept {
    return Observer<T>(instrument, collection);
  }
  static Registration registration(std::shared_ptr<metrics::Callback> callback,
                                   std::shared_ptr<metrics::Instrument> instrument) noexcept {
    Registration made;
    made.callback_ = std::move(callback);
    made.instrument_ = std::move(instrument);
    return made;
  }
};

}  // namespace posthaste

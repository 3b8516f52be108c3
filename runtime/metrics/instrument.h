#pragma once

/// An instrument: what the application measures with, and the streams that views make of it.
///
/// Threads:  any, at once. Lives as long as its meter, which every handle keeps alive.
/// Blocking: as measure.h.

#include "runtime/metrics/callbacks.h"
#include "runtime/metrics/measure.h"
#include "runtime/metrics/stream.h"
#include "runtime/metrics/view.h"

#include <memory>
#include <mutex>
#include <vector>

namespace posthaste::metrics {

class Instrument {
public:
  /// `callbacks` are the meter's.
  Instrument(InstrumentInfo info, MetricContext& context, CallbackList& callbacks) noexcept
      : info_(std::move(info)), context_(context), callbacks_(callbacks) {}

  /// Before it is published.
  void add_stream(std::unique_ptr<Stream> stream);

  const InstrumentInfo& info() const noexcept { return info_; }
  const std::vector<std::unique_ptr<Stream>>& streams() const noexcept { return streams_; }
  MetricContext& context() const noexcept { return context_; }
  CallbackList& callbacks() const noexcept { return callbacks_; }
  bool enabled() const noexcept { return !streams_.empty() && context_.open(); }

  /// The only stream, if its series take this instrument's values as they are and it filters
  /// nothing.
  Stream* direct() const noexcept { return direct_; }
  /// The series of these attributes in the stream `direct`.
  Series& series_in(Stream& direct, Attributes attributes) const noexcept {
    if (Series* const found = direct.find(hash_of(attributes), attributes)) [[likely]]
      return *found;
    return direct.find_or_make(attributes);
  }

  /// The way for all instruments; `T` is int64 or double.
  template <class T>
  void measure_all(T value, Attributes attributes) noexcept;
  /// As measure_all, for an observed value; the aggregator's callbacks only.
  template <class T>
  void observe(T value, Attributes attributes, std::uint64_t collection) noexcept;

  /// As observe, for a MeterSource; nothing while an application's callback hangs in it.
  template <class T>
  void observe_from_source(T value, Attributes attributes, std::uint64_t collection) noexcept;

  /// Held while callbacks observe; who collects leaves the instrument out when it is taken.
  std::mutex& observing() noexcept { return observing_; }

  /// False, and counted, when the instrument does not take the value.
  bool takes(std::int64_t value) noexcept {
    if (value >= 0 || !info_.monotonic()) [[likely]]
      return true;
    context_.refuse(MeasurementRefusal::negative);
    return false;
  }
  bool takes(double value) noexcept {
    if (!is_finite(value)) [[unlikely]] {
      context_.refuse(MeasurementRefusal::not_finite);
      return false;
    }
    if (value >= 0 || !info_.monotonic()) [[likely]]
      return true;
    context_.refuse(MeasurementRefusal::negative);
    return false;
  }

private:
  const InstrumentInfo info_;
  MetricContext& context_;
  CallbackList& callbacks_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Stream* direct_ = nullptr;
  std::mutex observing_;
};

/// Of a bound instrument whose series is not one that takes its values as they are.
struct BoundTargets {
  std::vector<Series*> series;
  Instrument* instrument = nullptr;
};

}  // namespace posthaste::metrics

#include <posthaste/meter.h>

#include "api/metrics_access.h"
#include "runtime/metrics/measure.h"

#include <exception>

namespace posthaste {
namespace {

using metrics::Instrument;
using metrics::Series;
using metrics::Stream;

/// Finds the series once. A bound instrument whose view makes something else of it goes the way of
/// all others, by `BoundTargets`.
detail::BoundSeries bind_series(const std::shared_ptr<Instrument>& instrument,
                                Attributes attributes) noexcept {
  if (instrument == nullptr || !instrument->enabled()) return {};
  if (Stream* const direct = instrument->direct()) {
    const Series& series = direct->find_or_make(attributes);
    return {reinterpret_cast<std::uintptr_t>(&series), metrics::front_offset(series), true,
            instrument};
  }
  try {
    struct Kept {
      metrics::BoundTargets targets;
      std::shared_ptr<Instrument> owner;
    };
    auto kept = std::make_shared<Kept>();
    kept->owner = instrument;
    kept->targets.instrument = instrument.get();
    for (const auto& stream : instrument->streams()) {
      kept->targets.series.push_back(&stream->find_or_make(attributes));
    }
    return {reinterpret_cast<std::uintptr_t>(&kept->targets), 0, false, kept};
  } catch (const std::bad_alloc&) {
    return {};
  }
}

/// Of a bound instrument that is not `direct`; it may be none at all.
template <class T>
[[gnu::noinline]] void measure_targets(const detail::BoundSeries& to, T value) noexcept {
  if (to.owner == nullptr) return;
  const auto& targets = *reinterpret_cast<const metrics::BoundTargets*>(to.series);
  Instrument& instrument = *targets.instrument;
  if (!instrument.context().open()) {
    instrument.context().refuse(metrics::MeasurementRefusal::late);
    return;
  }
  if (!instrument.takes(value)) return;
  for (Series* const series : targets.series) metrics::measure(*series, value);
}

/// Of a bound instrument whose fast way does not take the value.
template <class T>
[[gnu::noinline]] void add_otherwise(const detail::BoundSeries& to, T value,
                                     bool monotonic) noexcept {
  if (!to.direct) return measure_targets(to, value);
  auto& series = *reinterpret_cast<Series*>(to.series);
  metrics::MetricContext& context = series.stream.context();
  if constexpr (std::is_same_v<T, double>) {
    if (!metrics::is_finite(value)) {
      return context.refuse(metrics::MeasurementRefusal::not_finite);
    }
  }
  if (monotonic && value < 0) return context.refuse(metrics::MeasurementRefusal::negative);
  metrics::add_slowly(series, value, {});
}

template <bool monotonic>
[[gnu::always_inline]] inline void add_bound(const detail::BoundSeries& to,
                                             std::int64_t value) noexcept {
  metrics::Cell* const cell = metrics::cell_alone(to.series, to.front);
  if (cell == nullptr || (monotonic && value < 0)) [[unlikely]] {
    return add_otherwise(to, value, monotonic);
  }
  metrics::add_alone(cell->value, static_cast<std::uint64_t>(value));
}

template <bool monotonic>
[[gnu::always_inline]] inline void add_bound(const detail::BoundSeries& to, double value) noexcept {
  metrics::Cell* const cell = metrics::cell_alone(to.series, to.front);
  const bool taken = metrics::is_finite(value) && (!monotonic || value >= 0);
  if (cell == nullptr || !taken) [[unlikely]] {
    return add_otherwise(to, value, monotonic);
  }
  metrics::add_alone(cell->value, value);
}

/// A measurement with its attributes.
template <class T>
[[gnu::always_inline]] inline void add_to(Instrument* instrument, T value,
                                          Attributes attributes) noexcept {
  if (instrument == nullptr) return;
  Stream* const direct = instrument->direct();
  if (direct == nullptr || !instrument->context().open()) [[unlikely]] {
    return instrument->measure_all(value, attributes);
  }
  if (!instrument->takes(value)) [[unlikely]]
    return;
  const Series& series = instrument->series_in(*direct, attributes);
  metrics::add(reinterpret_cast<std::uintptr_t>(&series), metrics::front_offset(series), value);
}

template <class T>
metrics::InstrumentInfo info_of(InstrumentKind kind, std::string_view name,
                                const InstrumentOptions& options) {
  return {.name = std::string(name),
          .unit = std::string(options.unit),
          .description = std::string(options.description),
          .kind = kind,
          .integer = std::is_same_v<T, std::int64_t>,
          .boundaries = {options.boundaries.begin(), options.boundaries.end()}};
}

template <class Handle, class T>
Handle make(const std::shared_ptr<metrics::MeterState>& meter, InstrumentKind kind,
            std::string_view name, const InstrumentOptions& options) noexcept {
  if (meter == nullptr) return {};
  try {
    return MetricsAccess::instrument<Handle>(meter, meter->make(info_of<T>(kind, name, options)));
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}  // namespace

template <class T>
void BoundCounter<T>::add(T value) const noexcept {
  add_bound<true>(to_, value);
}

template <class T>
void BoundUpDownCounter<T>::add(T value) const noexcept {
  add_bound<false>(to_, value);
}

template <class T>
void BoundHistogram<T>::record(T value) const noexcept {
  const auto amount = static_cast<double>(value);
  if (!to_.direct) [[unlikely]]
    return measure_targets(to_, value);
  if (!(amount >= 0) || !metrics::is_finite(amount)) [[unlikely]] {
    auto& context = reinterpret_cast<Series*>(to_.series)->stream.context();
    return context.refuse(metrics::is_finite(amount) ? metrics::MeasurementRefusal::negative
                                                     : metrics::MeasurementRefusal::not_finite);
  }
  metrics::record(to_.series, to_.front, amount);
}

template <class T>
void BoundGauge<T>::set(T value) const noexcept {
  if (!to_.direct) [[unlikely]]
    return measure_targets(to_, value);
  auto& series = *reinterpret_cast<Series*>(to_.series);
  if constexpr (std::is_same_v<T, double>) {
    if (!metrics::is_finite(value)) [[unlikely]] {
      return series.stream.context().refuse(metrics::MeasurementRefusal::not_finite);
    }
  }
  if (!series.stream.context().open()) [[unlikely]] {
    return series.stream.context().refuse(metrics::MeasurementRefusal::late);
  }
  metrics::set_last(series, std::bit_cast<std::uint64_t>(value));
}

template <class Bound>
Bound detail::Measured<Bound>::bind(Attributes attributes) const noexcept {
  return MetricsAccess::bound<Bound>(bind_series(instrument_, attributes));
}
template <class Bound>
bool detail::Measured<Bound>::is_enabled() const noexcept {
  return instrument_ != nullptr && instrument_->enabled();
}

template <class T>
void Counter<T>::add(T value, Attributes attributes) const noexcept {
  add_to(this->instrument_.get(), value, attributes);
}

template <class T>
void UpDownCounter<T>::add(T value, Attributes attributes) const noexcept {
  add_to(this->instrument_.get(), value, attributes);
}

template <class T>
void Histogram<T>::record(T value, Attributes attributes) const noexcept {
  Instrument* const instrument = this->instrument_.get();
  if (instrument == nullptr) return;
  Stream* const direct = instrument->direct();
  if (direct == nullptr || !instrument->context().open()) [[unlikely]] {
    return instrument->measure_all(value, attributes);
  }
  if (!instrument->takes(value)) [[unlikely]]
    return;
  const Series& series = instrument->series_in(*direct, attributes);
  metrics::record(reinterpret_cast<std::uintptr_t>(&series), metrics::front_offset(series),
                  static_cast<double>(value));
}

template <class T>
void Gauge<T>::set(T value, Attributes attributes) const noexcept {
  if (this->instrument_ != nullptr) this->instrument_->measure_all(value, attributes);
}

template <class T>
Counter<T> Meter::counter(std::string_view name, const InstrumentOptions& options) const noexcept {
  return make<Counter<T>, T>(state_, InstrumentKind::counter, name, options);
}
template <class T>
UpDownCounter<T> Meter::up_down_counter(std::string_view name,
                                        const InstrumentOptions& options) const noexcept {
  return make<UpDownCounter<T>, T>(state_, InstrumentKind::up_down_counter, name, options);
}
template <class T>
Histogram<T> Meter::histogram(std::string_view name,
                              const InstrumentOptions& options) const noexcept {
  return make<Histogram<T>, T>(state_, InstrumentKind::histogram, name, options);
}
template <class T>
Gauge<T> Meter::gauge(std::string_view name, const InstrumentOptions& options) const noexcept {
  return make<Gauge<T>, T>(state_, InstrumentKind::gauge, name, options);
}
template <class T>
ObservableCounter<T> Meter::observable_counter(std::string_view name,
                                               const InstrumentOptions& options) const noexcept {
  return make<ObservableCounter<T>, T>(state_, InstrumentKind::observable_counter, name, options);
}
template <class T>
ObservableUpDownCounter<T> Meter::observable_up_down_counter(
    std::string_view name, const InstrumentOptions& options) const noexcept {
  return make<ObservableUpDownCounter<T>, T>(state_, InstrumentKind::observable_up_down_counter,
                                             name, options);
}
template <class T>
ObservableGauge<T> Meter::observable_gauge(std::string_view name,
                                           const InstrumentOptions& options) const noexcept {
  return make<ObservableGauge<T>, T>(state_, InstrumentKind::observable_gauge, name, options);
}

// Each type of number has all of it.
#define POSTHASTE_INSTRUMENTS(T)                                                                  \
  template class BoundCounter<T>;                                                                 \
  template class BoundUpDownCounter<T>;                                                           \
  template class BoundHistogram<T>;                                                               \
  template class BoundGauge<T>;                                                                   \
  template class detail::Measured<BoundCounter<T>>;                                               \
  template class detail::Measured<BoundUpDownCounter<T>>;                                         \
  template class detail::Measured<BoundHistogram<T>>;                                             \
  template class detail::Measured<BoundGauge<T>>;                                                 \
  template class Counter<T>;                                                                      \
  template class UpDownCounter<T>;                                                                \
  template class Histogram<T>;                                                                    \
  template class Gauge<T>;                                                                        \
  template Counter<T> Meter::counter(std::string_view, const InstrumentOptions&) const noexcept;  \
  template UpDownCounter<T> Meter::up_down_counter(std::string_view, const InstrumentOptions&)    \
      const noexcept;                                                                             \
  template Histogram<T> Meter::histogram(std::string_view, const InstrumentOptions&)              \
      const noexcept;                                                                             \
  template Gauge<T> Meter::gauge(std::string_view, const InstrumentOptions&) const noexcept;      \
  template ObservableCounter<T> Meter::observable_counter(                                        \
      std::string_view, const InstrumentOptions&) const noexcept;                                 \
  template ObservableUpDownCounter<T> Meter::observable_up_down_counter(                          \
      std::string_view, const InstrumentOptions&) const noexcept;                                 \
  template ObservableGauge<T> Meter::observable_gauge(std::string_view, const InstrumentOptions&) \
      const noexcept;

POSTHASTE_INSTRUMENTS(std::int64_t)
POSTHASTE_INSTRUMENTS(double)
#undef POSTHASTE_INSTRUMENTS

}  // namespace posthaste

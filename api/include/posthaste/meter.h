#pragma once

/// Measurements: counters, histograms and gauges, summed up in this process and sent once per
/// interval (`metrics.interval`, 60 s). Sampling does not touch them.
///
///   auto meter = telemetry.meter("checkout");
///   auto orders = meter.counter("orders", {.unit = "{order}"});
///   orders.add(1, {{"country", "fr"}});
///   const auto french = orders.bind({{"country", "fr"}});   // finds the series once
///   french.add(1);
///
/// Threads:  any, at once. Instruments are small values; copies are equal.
/// Blocking: never, once a thread has met a series; its first measurement of one takes a short lock
///           and memory.
/// Limits:   2,000 attribute sets a metric and 8 MiB together, unless the settings say otherwise;
///           what goes beyond is summed up under otel.metric.overflow = true. Attributes that are
///           lists or maps are left out.
/// Errors:   none: a value that an instrument does not take (negative for a Counter or Histogram,
///           not a number) is counted, as is what comes after the shutdown. An instrument whose
///           name is not valid, or that a view drops, measures nothing.
/// A crash costs the measurements since the last collection; docs/metrics.md.
/// Specification: OpenTelemetry Metrics API 1.x.

#include <posthaste/attributes.h>
#include <posthaste/export.h>
#include <posthaste/metric_view.h>
#include <posthaste/observable.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace posthaste {

struct MetricsAccess;

namespace metrics {
class Instrument;
class MeterState;
}  // namespace metrics

namespace detail {

/// The series of a bound instrument. What it points to lives as long as `owner`.
struct BoundSeries {
  std::uintptr_t series = 0;
  std::uint32_t front = 0;
  bool direct = false;  // `series` is one that takes values of this instrument as they are
  std::shared_ptr<const void> owner = {};
};

/// What all instruments have that are measured with.
template <class Bound>
class POSTHASTE_API Measured {
public:
  /// A handle to one series, for inner loops.
  [[nodiscard]] Bound bind(Attributes attributes) const noexcept;
  /// Whether a measurement would be taken; use it to spare work.
  [[nodiscard]] bool is_enabled() const noexcept;

protected:
  friend struct posthaste::MetricsAccess;
  std::shared_ptr<metrics::Instrument> instrument_;
};

}  // namespace detail

struct InstrumentOptions {
  /// As in UCUM: "s", "By", "{order}". At most 63 ASCII characters.
  std::string_view unit = {};
  std::string_view description = {};
  /// Advice for a Histogram: upper bounds of its buckets, ascending, at most 255.
  std::span<const double> boundaries = {};
};

template <class T>
class POSTHASTE_API BoundCounter {
public:
  /// Measures nothing.
  BoundCounter() noexcept = default;
  /// `value` is not negative.
  void add(T value) const noexcept;

private:
  friend struct MetricsAccess;
  detail::BoundSeries to_;
};

template <class T>
class POSTHASTE_API BoundUpDownCounter {
public:
  BoundUpDownCounter() noexcept = default;
  void add(T value) const noexcept;

private:
  friend struct MetricsAccess;
  detail::BoundSeries to_;
};

template <class T>
class POSTHASTE_API BoundHistogram {
public:
  BoundHistogram() noexcept = default;
  /// `value` is not negative.
  void record(T value) const noexcept;

private:
  friend struct MetricsAccess;
  detail::BoundSeries to_;
};

template <class T>
class POSTHASTE_API BoundGauge {
public:
  BoundGauge() noexcept = default;
  void set(T value) const noexcept;

private:
  friend struct MetricsAccess;
  detail::BoundSeries to_;
};

/// A sum that only grows. T: std::int64_t or double.
template <class T = std::int64_t>
class POSTHASTE_API Counter : public detail::Measured<BoundCounter<T>> {
public:
  /// Measures nothing.
  Counter() noexcept = default;
  void add(T value, Attributes attributes = {}) const noexcept;
};

/// A sum that grows and shrinks.
template <class T = std::int64_t>
class POSTHASTE_API UpDownCounter : public detail::Measured<BoundUpDownCounter<T>> {
public:
  UpDownCounter() noexcept = default;
  void add(T value, Attributes attributes = {}) const noexcept;
};

/// A distribution: count, sum, least, greatest, and counts by buckets.
template <class T = double>
class POSTHASTE_API Histogram : public detail::Measured<BoundHistogram<T>> {
public:
  Histogram() noexcept = default;
  void record(T value, Attributes attributes = {}) const noexcept;
};

/// A value that is set now and then; it keeps its last one.
template <class T = double>
class POSTHASTE_API Gauge : public detail::Measured<BoundGauge<T>> {
public:
  Gauge() noexcept = default;
  void set(T value, Attributes attributes = {}) const noexcept;
};

/// Made by Telemetry::meter(): makes instruments on behalf of one part of a program. Asked twice
/// for the same instrument (names differ at most in case) it gives the same one; the same name
/// with another kind, unit or type gives a second metric of that name, and one warning.
/// Names: a letter, then up to 254 letters, digits and `_ . - /`.
class POSTHASTE_API Meter {
public:
  /// Makes instruments that measure nothing.
  Meter() noexcept = default;

  template <class T = std::int64_t>
  Counter<T> counter(std::string_view name, const InstrumentOptions& options = {}) const noexcept;
  template <class T = std::int64_t>
  UpDownCounter<T> up_down_counter(std::string_view name,
                                   const InstrumentOptions& options = {}) const noexcept;
  template <class T = double>
  Histogram<T> histogram(std::string_view name,
                         const InstrumentOptions& options = {}) const noexcept;
  template <class T = double>
  Gauge<T> gauge(std::string_view name, const InstrumentOptions& options = {}) const noexcept;

  /// Observed once per collection by the callbacks that are registered with observe().
  template <class T = std::int64_t>
  ObservableCounter<T> observable_counter(std::string_view name,
                                          const InstrumentOptions& options = {}) const noexcept;
  template <class T = std::int64_t>
  ObservableUpDownCounter<T> observable_up_down_counter(
      std::string_view name, const InstrumentOptions& options = {}) const noexcept;
  template <class T = double>
  ObservableGauge<T> observable_gauge(std::string_view name,
                                      const InstrumentOptions& options = {}) const noexcept;

private:
  friend struct MetricsAccess;
  std::shared_ptr<metrics::MeterState> state_;
};

}  // namespace posthaste

#pragma once

/// Observable instruments: values that the program has anyway, asked for once per collection.
///
///   auto stock = meter.observable_gauge<std::int64_t>("stock");
///   const auto watched = stock.observe([&shop](posthaste::Observer<std::int64_t>& to) {
///     to.observe(shop.apples(), {{"item", "apple"}});
///   });
///
/// Threads:  callbacks run on a thread of Posthaste's own ("posthaste.obs"), one at a time.
/// Blocking: the destructor of a Registration waits while its callback runs; nothing else.
/// Errors:   a callback that throws, or takes more than a second, is counted and reported; what it
///           observed before counts. The others and the collection go on.

#include <posthaste/attributes.h>
#include <posthaste/export.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace posthaste {

namespace metrics {
class Callback;
class Instrument;
}  // namespace metrics

/// Takes the values that a callback observes; good during that call alone. Of a counter the sum
/// since the start, not the growth. Asked twice for one attribute set, the last value counts; a set
/// that is not observed again is no longer sent.
template <class T>
class POSTHASTE_API Observer {
public:
  void observe(T value, Attributes attributes = {}) noexcept;

private:
  friend struct MetricsAccess;
  explicit Observer(metrics::Instrument& instrument, std::uint64_t collection) noexcept
      : instrument_(instrument), collection_(collection) {}
  metrics::Instrument& instrument_;
  std::uint64_t collection_;
};

template <class T>
using ObserveCallback = std::function<void(Observer<T>&)>;

/// While it lives, its callback is called. When its destructor has returned, the callback does not
/// run and never will again (but where the callback itself destroys it: then never again).
class POSTHASTE_API Registration {
public:
  Registration() noexcept = default;
  Registration(Registration&&) noexcept = default;
  Registration& operator=(Registration&&) noexcept;
  ~Registration();
  /// The same as destroying it.
  void cancel() noexcept;

private:
  friend struct MetricsAccess;
  std::shared_ptr<metrics::Callback> callback_;
  std::shared_ptr<metrics::Instrument> instrument_;  // of the callback
};

template <class T = std::int64_t>
class POSTHASTE_API ObservableCounter {
public:
  ObservableCounter() noexcept = default;
  [[nodiscard]] Registration observe(ObserveCallback<T> callback) const noexcept;

private:
  friend struct MetricsAccess;
  std::shared_ptr<metrics::Instrument> instrument_;
};

template <class T = std::int64_t>
class POSTHASTE_API ObservableUpDownCounter {
public:
  ObservableUpDownCounter() noexcept = default;
  [[nodiscard]] Registration observe(ObserveCallback<T> callback) const noexcept;

private:
  friend struct MetricsAccess;
  std::shared_ptr<metrics::Instrument> instrument_;
};

template <class T = double>
class POSTHASTE_API ObservableGauge {
public:
  ObservableGauge() noexcept = default;
  [[nodiscard]] Registration observe(ObserveCallback<T> callback) const noexcept;

private:
  friend struct MetricsAccess;
  std::shared_ptr<metrics::Instrument> instrument_;
};

}  // namespace posthaste

#include <posthaste/observable.h>

#include "api/metrics_access.h"

#include <exception>
#include <utility>

namespace posthaste {
namespace {

/// The callbacks of a meter run as a list; an instrument's own are among them.
template <class T>
Registration watch(const std::shared_ptr<metrics::Instrument>& instrument,
                   ObserveCallback<T> callback) noexcept {
  if (instrument == nullptr || !callback || instrument->streams().empty()) return {};
  try {
    metrics::Instrument& known = *instrument;
    auto made = std::make_shared<metrics::Callback>(
        known, [&known, callback = std::move(callback)](std::uint64_t collection) {
          Observer<T> observer = MetricsAccess::observer<T>(known, collection);
          callback(observer);
        });
    known.callbacks().add(made);
    return MetricsAccess::registration(std::move(made), instrument);
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}  // namespace

template <class T>
void Observer<T>::observe(T value, Attributes attributes) noexcept {
  instrument_.observe(value, attributes, collection_);
}

Registration& Registration::operator=(Registration&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  callback_ = std::move(other.callback_);
  instrument_ = std::move(other.instrument_);
  return *this;
}

Registration::~Registration() {
  cancel();
}

void Registration::cancel() noexcept {
  if (callback_ == nullptr) return;
  callback_->cancel();
  callback_.reset();
  instrument_.reset();
}

template <class T>
Registration ObservableCounter<T>::observe(ObserveCallback<T> callback) const noexcept {
  return watch<T>(instrument_, std::move(callback));
}
template <class T>
Registration ObservableUpDownCounter<T>::observe(ObserveCallback<T> callback) const noexcept {
  return watch<T>(instrument_, std::move(callback));
}
template <class T>
Registration ObservableGauge<T>::observe(ObserveCallback<T> callback) const noexcept {
  return watch<T>(instrument_, std::move(callback));
}

template class Observer<std::int64_t>;
template class Observer<double>;
template class ObservableCounter<std::int64_t>;
template class ObservableCounter<double>;
template class ObservableUpDownCounter<std::int64_t>;
template class ObservableUpDownCounter<double>;
template class ObservableGauge<std::int64_t>;
template class ObservableGauge<double>;

}  // namespace posthaste

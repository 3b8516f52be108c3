#include "runtime/metrics/callbacks.h"

#include "runtime/metrics/instrument.h"

#include <unistd.h>

#include <algorithm>
#include <exception>

namespace posthaste::metrics {

Callback::Callback(Instrument& instrument, Body body)
    : instrument_(instrument), process_(::getpid()), body_(std::move(body)) {}

std::vector<CallbackFailure> Callback::run(std::uint64_t collection) noexcept {
  const std::unique_lock running(mutex_, std::try_to_lock);
  if (!running || cancelled()) return {};
  const std::unique_lock observing(instrument_.observing(), std::try_to_lock);
  if (!observing) return {};  // another callback of the instrument hangs
  running_.store(true, std::memory_order_release);
  runner_.store(std::this_thread::get_id(), std::memory_order_release);
  std::vector<CallbackFailure> failed;
  try {
    body_(collection);
  } catch (const std::exception& error) {
    failed.push_back({instrument_.info().name, error.what()});
  } catch (...) {
    failed.push_back({instrument_.info().name, "an exception of unknown type"});
  }
  runner_.store({}, std::memory_order_release);
  running_.store(false, std::memory_order_release);
  return failed;
}

void Callback::cancel() noexcept {
  cancelled_.store(true, std::memory_order_release);
  if (runner_.load(std::memory_order_acquire) == std::this_thread::get_id()) return;
  if (::getpid() != process_) return;
  const std::lock_guard finished(mutex_);
  body_ = nullptr;
}

void CallbackList::add(std::shared_ptr<Callback> callback) {
  const std::lock_guard lock(mutex_);
  callbacks_.push_back(std::move(callback));
}

std::vector<std::shared_ptr<Callback>> CallbackList::all() {
  const std::lock_guard lock(mutex_);
  std::erase_if(callbacks_, [](const auto& callback) { return callback->cancelled(); });
  return callbacks_;
}

bool CallbackList::empty() const {
  const std::lock_guard lock(mutex_);
  return callbacks_.empty();
}

}  // namespace posthaste::metrics

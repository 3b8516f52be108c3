#pragma once

/// How a caller of flush or shutdown hears of the end: Latch for one that waits, Listener for one that gave a function.
/// A Telemetry's, in api/telemetry.cpp.
///
/// Threads: any. Blocking: Latch::wait alone, until its time. Without memory: neither tells twice, nor not at all.

#include "runtime/base/callback_failures.h"
#include "runtime/base/clock.h"

#include <posthaste/telemetry.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace posthaste {

/// Wakes the caller of a blocking flush or shutdown.
class Latch {
public:
  void open(bool complete) {
    const std::lock_guard lock(mutex_);
    complete_ = complete;
    open_ = true;
    opened_.notify_all();
  }
  /// Whether it was complete; false too when `until` passed.
  bool wait(SteadyTime until) {
    std::unique_lock lock(mutex_);
    return opened_.wait_until(lock, until, [this] { return open_; }) && complete_;
  }

private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  bool complete_ = false;
};

/// What the application's function throws stays here: whose thread it is called on cannot do anything
/// about it.
inline void tell_of_end(const std::function<void(const FlushReport&)>& done,
                        const FlushReport& report, CallbackFailures* failures) noexcept {
  if (!done) return;
  try {
    done(report);
  } catch (...) {
    if (failures != nullptr) failures->count_current(Callback::done);
  }
}

/// Who is to hear of an end: once, also where memory runs out halfway.
class Listener {
public:
  using Done = std::function<void(const FlushReport&)>;

  explicit Listener(Done&& done) noexcept : done_(std::move(done)) {}
  /// Takes `done`; null, and `done` is still the caller's, when there is no memory.
  static std::shared_ptr<Listener> of(Done& done) noexcept {
    try {
      return std::make_shared<Listener>(std::move(done));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  void tell(const FlushReport& report, CallbackFailures* failures) noexcept {
    if (!told_.exchange(true)) tell_of_end(done_, report, failures);
  }

private:
  Done done_;
  std::atomic<bool> told_{false};
};

}  // namespace posthaste

#pragma once

/// Callbacks of observable instruments, registered by the application and run by the aggregators,
/// on a thread that may hang.
///
/// Threads:  run() one at a time for each callback; cancel() any.
/// Blocking: cancel() waits for a run on another thread; run() as long as the callback does.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace posthaste::metrics {

class Instrument;

/// What a run of callbacks came to.
struct CallbackFailure {
  std::string instrument;
  std::string what;
};

class Callback {
public:
  /// Given the number of the collection.
  using Body = std::function<void(std::uint64_t collection)>;

  /// The instrument's store outlives the callback's list, and whoever runs it holds the store.
  Callback(Instrument& instrument, Body body);

  /// Empty: it went well, or was cancelled, or still runs elsewhere.
  std::vector<CallbackFailure> run(std::uint64_t collection) noexcept;
  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
  bool running() const noexcept { return running_.load(std::memory_order_acquire); }
  const Instrument& instrument() const noexcept { return instrument_; }

private:
  Instrument& instrument_;
  const int process_;  // in a child of fork nobody runs it, and the mutex may be held for ever
  Body body_;          // under mutex_
  std::mutex mutex_;
  std::atomic<std::thread::id> runner_{};
  std::atomic<bool> running_{false};
  std::atomic<bool> cancelled_{false};
};

/// Those of one meter.
class CallbackList {
public:
  void add(std::shared_ptr<Callback> callback);
  /// Forgets cancelled ones.
  std::vector<std::shared_ptr<Callback>> all();
  bool empty() const;

private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Callback>> callbacks_;
};

}  // namespace posthaste::metrics

#pragma once

/// Runs the callbacks of observable instruments, on one thread of its own ("posthaste.obs"), which
/// is started with the first of them: they are the application's code and may hang, and no actor
/// may. A thread that hangs is left behind and another one goes on with the next callback; at most
/// 4 are left behind, then callbacks no longer run.
///
///   aggregator ─► run ─► callbacks, one after the other ─► MeterState::observed ─► finished
///
/// Threads:  run, pass_by and take_failures from the aggregators; end from one.
/// Blocking: end() up to its patience; else a short mutex.

#include "runtime/metrics/metric_store.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace posthaste::actors {

class CallbackRunner {
public:
  static constexpr int most_left_behind = 4;

  /// `finished(meter)` is called on the runner's thread when all callbacks of a run have returned.
  CallbackRunner(std::shared_ptr<metrics::MetricStore> store,
                 std::function<void(std::uint32_t meter)> finished);
  ~CallbackRunner();
  CallbackRunner(const CallbackRunner&) = delete;
  CallbackRunner& operator=(const CallbackRunner&) = delete;

  /// Runs the callbacks of `meter` for `collection`; a run that is waiting is replaced. False: there
  /// is no thread to be had.
  bool run(std::uint32_t meter, std::uint64_t collection);
  /// The time of that run is over: the callback that runs is left to itself, the others of the run
  /// come after it. Gives the name of its instrument; empty when the run was not under way.
  std::string pass_by(std::uint32_t meter, std::uint64_t collection);
  /// Callbacks of that meter that threw since the last call.
  std::vector<metrics::CallbackFailure> take_failures(std::uint32_t meter);

  /// False: a callback hangs, and its thread with it; nothing that it touches is freed.
  bool end(std::chrono::milliseconds patience);

private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace posthaste::actors

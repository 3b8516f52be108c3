#pragma once

/// The one io thread, "posthaste.io": it owns the loop on which all sockets, timers and eventfds of
/// one Telemetry are served, and ends in time.
///
/// Threads:  start, stop and destroy from any thread but the io thread itself; the rest from any.
/// Blocking: stop() waits at most `patience`. If a task hangs then, the thread is left behind (it
///           ends by itself when the task returns) and the host goes on.
/// Signals:  all are blocked in the thread.

#include <chrono>
#include <memory>
#include <thread>

#include <posthaste/result.h>
#include "runtime/http/io_loop.h"

namespace posthaste::http {

class IoThread {
public:
  static Result<std::unique_ptr<IoThread>> start();
  /// stop() with a patience of one second.
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// See IoLoop for what these promise.
  bool post(IoLoop::Task task) { return loop_->post(std::move(task)); }
  TimerId after(std::chrono::nanoseconds delay, IoLoop::Task task) {
    return loop_->after(delay, std::move(task));
  }
  void cancel(TimerId timer) { loop_->cancel(timer); }
  Result<WatchId> watch(int eventfd, IoLoop::OnEvent on_event) {
    return loop_->watch(eventfd, std::move(on_event));
  }
  void unwatch(WatchId watch) { loop_->unwatch(watch); }

  /// Cancels all requests of all clients on this thread (each Done is called with
  /// `request_cancelled`), drops timers and watches, and waits for the thread to end. False: it did
  /// not end within `patience` and was left behind. A second call returns the first one's answer.
  bool stop(std::chrono::nanoseconds patience);

  const std::shared_ptr<IoLoop>& loop() const noexcept { return loop_; }

private:
  struct Ended;
  IoThread(std::shared_ptr<IoLoop> loop, std::shared_ptr<Ended> ended);

  const std::shared_ptr<IoLoop> loop_;
  const std::shared_ptr<Ended> ended_;
  std::thread thread_;
  bool joined_ = false;
};

}  // namespace posthaste::http

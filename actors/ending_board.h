#pragma once

/// That the pipeline is to end, until when, and who wants to know. Asked for by the application, or
/// by the supervisor when a part cannot be kept alive.
///
/// Threads: any. Blocking: a short mutex. The first deadline counts; later callers are told with
/// it, or at once when it is over.

#include "runtime/base/clock.h"

#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace posthaste::actors {

class EndingBoard {
public:
  using Done = std::function<void(bool complete)>;

  /// `done` may be empty. Called at once, on this thread, when all is over already.
  void ask(SteadyTime deadline, Done done) {
    std::optional<bool> over;
    {
      const std::lock_guard lock(mutex_);
      if (!deadline_) deadline_ = deadline;
      over = complete_;
      if (!over && done) waiting_.push_back(std::move(done));
    }
    if (over && done) done(*over);
  }
  std::optional<SteadyTime> deadline() const {
    const std::lock_guard lock(mutex_);
    return deadline_;
  }
  /// Until when bodies are sent before the rest is stored.
  void set_send_until(SteadyTime time) {
    const std::lock_guard lock(mutex_);
    send_until_ = time;
  }
  SteadyTime send_until() const {
    const std::lock_guard lock(mutex_);
    return send_until_;
  }
  /// It is over: whom to tell. The caller calls them with no lock held.
  std::vector<Done> finish(bool complete) {
    const std::lock_guard lock(mutex_);
    if (!complete_) complete_ = complete;
    return std::exchange(waiting_, {});
  }

private:
  mutable std::mutex mutex_;
  std::optional<SteadyTime> deadline_;
  SteadyTime send_until_{};
  std::optional<bool> complete_;
  std::vector<Done> waiting_;
};

}  // namespace posthaste::actors

#pragma once

/// The event loop behind the io thread: tasks, timers, eventfds and sockets, one after the other.
///
/// It is shared by the io thread, which runs it, and by everything that works on that thread, so
/// that nothing of it disappears under a late call.
///
///   open --close()--> closing: stop tasks run, timers and watches end --> run() returns
///
/// Threads:  every function may be called from any thread; everything that was handed in runs on
/// the
///           io thread, in the order in which it was posted.
/// Blocking: only for a short mutex. Tasks must not wait: they hold up all requests.
/// Full:     no bound of its own; callers bound what they have under way.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <posthaste/result.h>

namespace boost::asio {
class io_context;
}

namespace posthaste::http {

enum class TimerId : std::uint64_t { none = 0 };
enum class WatchId : std::uint64_t { none = 0 };
enum class StopTaskId : std::uint64_t { none = 0 };

class IoLoop {
public:
  using Task = std::function<void()>;  // should not throw; one that does is counted in faults()
  using OnEvent = std::function<void(std::uint64_t count)>;

  IoLoop();
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// Takes the descriptors that timers and sockets are waited for with; before run(). Fails where there are none.
  Result<void> prepare();

  /// False after close(): the task was not taken and will not run. Otherwise it runs for certain.
  bool post(Task task);

  /// Runs `task` once, not before `delay` is over; not at all after close(), or after cancel() on
  /// the io thread (from another thread cancel() may come too late).
  TimerId after(std::chrono::nanoseconds delay, Task task);
  void cancel(TimerId timer);

  /// Calls `on_event` with what an eventfd (EFD_NONBLOCK) had counted, each time it has counted
  /// something. The descriptor is duplicated: the caller keeps and closes its own.
  Result<WatchId> watch(int eventfd, OnEvent on_event);
  void unwatch(WatchId watch);

  /// `task` runs on the io thread when the loop closes, before timers and watches end: the place to
  /// cancel what is under way.
  StopTaskId on_stop(Task task);
  void remove(StopTaskId task);

  /// Takes no more tasks, and lets run() return when what was begun has ended.
  void close();

  /// Serves until close(). Called once, by the io thread.
  void run();

  /// Tasks that threw. Each is a defect of whoever posted it.
  std::uint64_t faults() const noexcept;

  /// For the sockets of this folder.
  boost::asio::io_context& context() noexcept;

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthaste::http

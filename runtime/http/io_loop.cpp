#include "runtime/http/io_loop.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

namespace posthaste::http {
namespace asio = boost::asio;
using boost::system::error_code;

struct IoLoop::Impl {
  struct Watch {
    asio::posix::stream_descriptor descriptor;
    OnEvent on_event;

    void close() {
      error_code ignored;  // the descriptor is our own copy and goes away either way
      descriptor.close(ignored);
    }
  };
  using Watches = std::map<WatchId, std::shared_ptr<Watch>>;

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::uint64_t> faults{0};
  std::atomic<std::thread::id> runner{};

  std::mutex mutex;
  bool closed = false;  // guarded by mutex

  // The io thread's own from here on.
  std::map<TimerId, std::unique_ptr<asio::steady_timer>> timers;
  Watches watches;
  std::map<StopTaskId, Task> stop_tasks;

  template <class Id>
  Id new_id() {
    return Id{next_id.fetch_add(1, std::memory_order_relaxed)};
  }

  bool post(Task task) {
    const std::lock_guard lock(mutex);
    if (closed) return false;
    asio::post(context, std::move(task));
    return true;
  }

  // At once on the io thread, so that an order given there holds from the next line on.
  void soon(Task task) {
    if (runner.load() == std::this_thread::get_id()) {
      task();
    } else {
      post(std::move(task));
    }
  }

  void start_timer(TimerId id, std::chrono::nanoseconds delay, Task task) {
    if (!work.owns_work()) return;
    auto timer = std::make_unique<asio::steady_timer>(context, delay);
    timer->async_wait([this, id, task = std::move(task)](error_code) {
      if (timers.erase(id) != 0) task();
    });
    timers.emplace(id, std::move(timer));
  }

  void await_event(WatchId id, const std::shared_ptr<Watch>& watch) {
    watch->descriptor.async_wait(
        asio::posix::descriptor_base::wait_read, [this, id, watch](error_code error) {
          if (error || !watches.contains(id)) return;
          std::uint64_t count = 0;
          const bool counted = ::read(watch->descriptor.native_handle(), &count, sizeof count) ==
                               static_cast<ssize_t>(sizeof count);
          await_event(id, watch);
          if (counted) watch->on_event(count);
        });
  }

  void end() {
    for (auto tasks = std::move(stop_tasks); auto& [id, task] : tasks) task();
    timers.clear();
    for (auto& [id, watch] : watches) watch->close();
    watches.clear();
    work.reset();
  }
};

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) {}
IoLoop::~IoLoop() = default;

Result<void> IoLoop::prepare() {
  try {
    const asio::steady_timer first(
        impl_->context);  // makes the reactor, which serves all the others
    return {};
  } catch (const boost::system::system_error& error) {
    return Error(ErrorCode::internal,
                 std::string("the thread posthaste.io could not be started: ") +
                     error.code().message() + "; raise the limit of open files (ulimit -n)");
  }
}

bool IoLoop::post(Task task) {
  return impl_->post(std::move(task));
}

TimerId IoLoop::after(std::chrono::nanoseconds delay, Task task) {
  const auto id = impl_->new_id<TimerId>();
  impl_->soon([impl = impl_.get(), id, delay, task = std::move(task)] {
    impl->start_timer(id, delay, task);
  });
  return id;
}

void IoLoop::cancel(TimerId timer) {
  if (timer == TimerId::none) return;
  impl_->soon([impl = impl_.get(), timer] { impl->timers.erase(timer); });
}

Result<WatchId> IoLoop::watch(int eventfd, OnEvent on_event) {
  const int own = ::fcntl(eventfd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) {
    return Error(ErrorCode::internal,
                 std::string("the eventfd could not be duplicated: ") + std::strerror(errno));
  }
  const auto id = impl_->new_id<WatchId>();
  const auto begin = [impl = impl_.get(), id, own, on_event = std::move(on_event)] {
    auto watch = std::make_shared<Impl::Watch>(
        Impl::Watch{asio::posix::stream_descriptor(impl->context, own), on_event});
    impl->watches.emplace(id, watch);
    impl->await_event(id, watch);
  };
  if (impl_->post(begin)) return id;
  ::close(own);
  return Error(ErrorCode::stopped, "the io thread has been stopped");
}

void IoLoop::unwatch(WatchId watch) {
  impl_->soon([impl = impl_.get(), watch] {
    const auto found = impl->watches.find(watch);
    if (found == impl->watches.end()) return;
    found->second->close();
    impl->watches.erase(found);
  });
}

StopTaskId IoLoop::on_stop(Task task) {
  const auto id = impl_->new_id<StopTaskId>();
  impl_->soon(
      [impl = impl_.get(), id, task = std::move(task)] { impl->stop_tasks.emplace(id, task); });
  return id;
}

void IoLoop::remove(StopTaskId task) {
  impl_->soon([impl = impl_.get(), task] { impl->stop_tasks.erase(task); });
}

void IoLoop::close() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->closed) return;
  impl_->closed = true;
  asio::post(impl_->context, [impl = impl_.get()] { impl->end(); });
}

void IoLoop::run() {
  impl_->runner = std::this_thread::get_id();
  for (bool ended = false; !ended;) {
    try {
      impl_->context.run();
      ended = true;
    } catch (...) {  // of a task; counted, since requests of others go on
      impl_->faults.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

std::uint64_t IoLoop::faults() const noexcept {
  return impl_->faults.load(std::memory_order_relaxed);
}

boost::asio::io_context& IoLoop::context() noexcept {
  return impl_->context;
}

}  // namespace posthaste::http

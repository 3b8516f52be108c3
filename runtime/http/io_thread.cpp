#include "runtime/http/io_thread.h"

#include <condition_variable>
#include <mutex>

#include "runtime/base/thread.h"

namespace posthaste::http {

struct IoThread::Ended {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
};

Result<std::unique_ptr<IoThread>> IoThread::start() {
  auto loop = std::make_shared<IoLoop>();
  if (auto ready = loop->prepare(); !ready) return std::move(ready).error();
  auto ended = std::make_shared<Ended>();
  // First what needs memory: a thread that nobody holds ends the program.
  std::unique_ptr<IoThread> started(new IoThread(loop, ended));
  auto thread = start_thread("posthaste.io", [loop, ended] {
    loop->run();
    const std::lock_guard lock(ended->mutex);
    ended->ended = true;
    ended->changed.notify_all();
  });
  if (!thread) return std::move(thread).error();
  started->thread_ = std::move(*thread);
  return started;
}

IoThread::IoThread(std::shared_ptr<IoLoop> loop, std::shared_ptr<Ended> ended)
    : loop_(std::move(loop)), ended_(std::move(ended)) {}

IoThread::~IoThread() {
  stop(std::chrono::seconds{1});
}

bool IoThread::stop(std::chrono::nanoseconds patience) {
  if (!thread_.joinable()) return joined_;
  loop_->close();
  std::unique_lock lock(ended_->mutex);
  joined_ = ended_->changed.wait_for(lock, patience, [this] { return ended_->ended; });
  lock.unlock();
  if (joined_) {
    thread_.join();
  } else {
    thread_.detach();
  }
  return joined_;
}

}  // namespace posthaste::http

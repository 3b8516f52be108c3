#include "actors/callback_runner.h"

#include "runtime/base/thread.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

namespace posthaste::actors {

/// Outlives the runner as long as one of its threads hangs.
struct CallbackRunner::Shared : std::enable_shared_from_this<Shared> {
  struct Job {
    std::uint32_t meter;
    std::uint64_t collection;
    std::vector<std::shared_ptr<metrics::Callback>> callbacks;
    std::size_t next = 0;
  };

  std::shared_ptr<metrics::MetricStore> store;
  std::function<void(std::uint32_t)> finished;  // empty once the runner is gone
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> waiting;
  std::optional<Job> current;  // its callback before `next` is running
  std::map<std::uint32_t, std::vector<metrics::CallbackFailure>> failures;
  std::uint64_t generation = 0;  // of the thread that counts; older ones were left behind
  int left_behind = 0;
  bool has_thread = false;
  bool ended = false;

  bool start_thread();
  void loop(std::uint64_t own);
  bool work_on_current(std::unique_lock<std::mutex>& lock, std::uint64_t own);
};

/// Under the mutex.
bool CallbackRunner::Shared::start_thread() {
  auto thread = posthaste::start_thread(
      "posthaste.obs", [self = shared_from_this(), own = generation] { self->loop(own); });
  has_thread = static_cast<bool>(thread);
  if (thread) thread->detach();  // end() waits for it by `has_thread`
  return has_thread;
}

void CallbackRunner::Shared::loop(std::uint64_t own) {
  std::unique_lock lock(mutex);
  while (!ended && generation == own) {
    if (!current) {
      if (waiting.empty()) {
        changed.wait(lock);
        continue;
      }
      current = std::move(waiting.front());
      waiting.pop_front();
    }
    if (!work_on_current(lock, own)) continue;
    const std::uint32_t meter = current->meter;
    store->meter_at(meter).observed().store(current->collection, std::memory_order_release);
    current.reset();
    if (!finished) continue;
    const auto tell = finished;
    tell(meter);
  }
  if (generation != own) {
    --left_behind;
    return;
  }
  has_thread = false;
  changed.notify_all();
}

/// False: it was interrupted.
bool CallbackRunner::Shared::work_on_current(std::unique_lock<std::mutex>& lock,
                                             std::uint64_t own) {
  while (current->next < current->callbacks.size()) {
    const std::shared_ptr<metrics::Callback> callback = current->callbacks[current->next++];
    const std::uint64_t collection = current->collection;
    const std::uint32_t meter = current->meter;
    lock.unlock();
    std::vector<metrics::CallbackFailure> failed = callback->run(collection);
    lock.lock();
    auto& known = failures[meter];
    known.insert(known.end(), failed.begin(), failed.end());
    if (ended || generation != own) return false;
  }
  return true;
}

CallbackRunner::CallbackRunner(std::shared_ptr<metrics::MetricStore> store,
                               std::function<void(std::uint32_t)> finished)
    : shared_(std::make_shared<Shared>()) {
  shared_->store = std::move(store);
  shared_->finished = std::move(finished);
}

CallbackRunner::~CallbackRunner() {
  end(std::chrono::milliseconds{0});
}

bool CallbackRunner::run(std::uint32_t meter, std::uint64_t collection) {
  Shared& shared = *shared_;
  auto callbacks = shared.store->meter_at(meter).callbacks().all();
  const std::lock_guard lock(shared.mutex);
  if (shared.ended || shared.left_behind >= most_left_behind) return false;
  std::erase_if(shared.waiting, [meter](const auto& job) { return job.meter == meter; });
  shared.waiting.push_back({meter, collection, std::move(callbacks)});
  if (!shared.has_thread && !shared.start_thread()) return false;
  shared.changed.notify_all();
  return true;
}

std::string CallbackRunner::pass_by(std::uint32_t meter, std::uint64_t collection) {
  Shared& shared = *shared_;
  const std::lock_guard lock(shared.mutex);
  if (!shared.current || shared.current->meter != meter ||
      shared.current->collection != collection || shared.current->next == 0) {
    return {};
  }
  const metrics::Callback& hung = *shared.current->callbacks[shared.current->next - 1];
  std::string name = hung.instrument().info().name;
  ++shared.generation;
  ++shared.left_behind;
  shared.has_thread = false;
  if (shared.left_behind < most_left_behind) shared.start_thread();
  return name;
}

std::vector<metrics::CallbackFailure> CallbackRunner::take_failures(std::uint32_t meter) {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->failures[meter], {});
}

bool CallbackRunner::end(std::chrono::milliseconds patience) {
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  shared.ended = true;
  shared.finished = nullptr;
  shared.changed.notify_all();
  const bool gone =
      shared.changed.wait_for(lock, patience, [&shared] { return !shared.has_thread; });
  return gone && shared.left_behind == 0;
}

}  // namespace posthaste::actors

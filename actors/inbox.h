#pragma once

/// A queue that no mailbox owns: results of requests and of the store wait here for the part that
/// acts on them, however often that part dies and starts again. An item leaves only after it was
/// acted on, so none is lost with a part that throws halfway.
///
///   any thread  push ─► [ item item item ] ─► front, act, pop   one reader
///
/// Blocking: a short mutex. Full: bounded by what is under way (requests, bodies), not here.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace posthaste::actors {

template <class T>
class Inbox {
public:
  void push(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
  }

  /// The oldest, or null. It stays where it is until pop(), while others push.
  T* front() noexcept {
    const std::lock_guard lock(mutex_);
    return items_.empty() ? nullptr : &items_.front();
  }
  /// The oldest ones, at most `most`, in their order; they stay where they are until pop.
  std::vector<T*> first(std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::vector<T*> result;
    for (T& item : items_) {
      if (result.size() == most) break;
      result.push_back(&item);
    }
    return result;
  }
  /// The oldest `count` were acted on.
  void pop(std::size_t count = 1) noexcept {
    const std::lock_guard lock(mutex_);
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  template <class Predicate>
  std::size_t count_if(Predicate predicate) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(items_.begin(), items_.end(), predicate));
  }
  bool empty() const noexcept {
    const std::lock_guard lock(mutex_);
    return items_.empty();
  }

private:
  mutable std::mutex mutex_;
  std::deque<T> items_;
};

}  // namespace posthaste::actors

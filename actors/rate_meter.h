#pragma once

/// How fast a count has grown over the last minute, told by whoever counts, as it counts.
///
/// Threads: any. Blocking: a short mutex.

#include "runtime/base/clock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace posthaste::actors {

class RateMeter {
public:
  /// The count as it stands; kept at most every ten seconds.
  void note(SteadyTime now, std::uint64_t total) noexcept {
    const std::lock_guard lock(mutex_);
    if (size_ > 0 && now - marks_[(next_ + places - 1) % places].time < spacing) return;
    marks_[next_] = {now, total};
    next_ = (next_ + 1) % places;
    size_ = std::min(size_ + 1, places);
  }

  /// Since the oldest mark within the last minute; nothing was counted since an older one.
  double per_second(SteadyTime now, std::uint64_t total) const noexcept {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = size_; i > 0; --i) {
      const Mark& mark = marks_[(next_ + places - i) % places];
      if (now - mark.time > window || total < mark.total) continue;
      const double seconds = std::chrono::duration<double>(now - mark.time).count();
      return static_cast<double>(total - mark.total) / std::max(seconds, 1.0);
    }
    return 0;
  }

private:
  static constexpr std::size_t places = 8;
  static constexpr std::chrono::seconds spacing{10};
  static constexpr std::chrono::seconds window{60};
  struct Mark {
    SteadyTime time{};
    std::uint64_t total = 0;
  };

  mutable std::mutex mutex_;
  std::array<Mark, places> marks_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace posthaste::actors

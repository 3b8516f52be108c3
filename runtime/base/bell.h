#pragma once

/// Wakes a sleeping reader from an application thread: one eventfd write, and only when the reader
/// says that it sleeps. The io thread watches the descriptor and turns the ring into a message.
///
/// Threads: ring() from any; sleep() and awake() from the reader; the descriptor lives as long as
/// the Bell, which is leaked with its runtime.

#include <atomic>

namespace posthaste {

class Bell {
public:
  Bell() noexcept;  // takes an eventfd; without one (no descriptors left) ring() does nothing
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// Nothing unless the reader sleeps; async-signal-safe.
  void ring() noexcept {
    if (asleep_.load(std::memory_order_relaxed)) [[unlikely]]
      ring_loudly();
  }
  /// Rings whether or not somebody sleeps; async-signal-safe.
  void ring_loudly() noexcept;

  void sleep() noexcept { asleep_.store(true, std::memory_order_seq_cst); }
  void awake() noexcept { asleep_.store(false, std::memory_order_relaxed); }
  /// Takes the rings so far, so that the descriptor is quiet again.
  void hush() noexcept;

  int descriptor() const noexcept { return descriptor_; }  // -1: none

private:
  std::atomic<bool> asleep_{false};
  int descriptor_;
};

}  // namespace posthaste

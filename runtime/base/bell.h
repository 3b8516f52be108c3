#pragma once

/// Wakes a sleeping reader from an application thread: one eventfd write, and only when the reader
/// says that it sleeps, or that it dozes and room is getting short. The io thread watches the
/// descriptor and turns the ring into a message.
///
/// Threads: ring() and shout() from any; sleep(), doze() and awake() from the reader; the descriptor
/// lives as long as the Bell, which is leaked with its runtime.

#include <atomic>
#include <cstdint>

namespace posthaste {

class Bell {
public:
  Bell() noexcept;  // takes an eventfd; without one (no descriptors left) ring() does nothing
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// Nothing unless the reader sleeps; async-signal-safe.
  void ring() noexcept {
    if (state_.load(std::memory_order_relaxed) == State::asleep) [[unlikely]]
      ring_loudly();
  }
  /// Nothing if the reader is awake: for what cannot wait until a dozing one looks up by itself.
  void shout() noexcept {
    if (state_.load(std::memory_order_relaxed) != State::awake) ring_loudly();
  }
  /// Rings whether or not somebody sleeps; async-signal-safe.
  void ring_loudly() noexcept;

  void sleep() noexcept { state_.store(State::asleep, std::memory_order_seq_cst); }
  /// It looks up within milliseconds: only shout() is heard.
  void doze() noexcept { state_.store(State::dozing, std::memory_order_relaxed); }
  void awake() noexcept { state_.store(State::awake, std::memory_order_relaxed); }
  /// Takes the rings so far, so that the descriptor is quiet again.
  void hush() noexcept;

  int descriptor() const noexcept { return descriptor_; }  // -1: none

private:
  enum class State : std::uint8_t { awake, dozing, asleep };

  std::atomic<State> state_{State::awake};
  int descriptor_;
};

}  // namespace posthaste

#pragma once

/// How fast one output may be used: how many requests at a time, whether there is an outage, and
/// how many stored batches may be replayed beside live ones. It knows successes, failures and the
/// time; nothing of bodies.
///
///            success (window + 1 while bodies wait)
///              ┌──┐
///   ┌──────────▼──┴┐  3 failures in a row, or "slow down"  ┌────────────────┐
///   │   working    ├──────────────────────────────────────►│     outage     │◄─┐ probe failed:
///   │              │◄──────────────────────────────────────┤ until probe_at ├──┘ longer pause
///   └──────────────┘   probe succeeded: replay from 1      └────────────────┘
///
/// A failure halves the window and stops replay. A request that has no answer for `patience` gives
/// its place to another, once a later one has succeeded; until then one more a `patience` may begin,
/// to find out. Pure; the transmitter's own, made anew with it.

#include "runtime/base/clock.h"

#include <chrono>
#include <cstdint>
#include <span>

namespace posthaste::actors {

class Flow {
public:
  static constexpr std::uint32_t least_window = 2;
  static constexpr std::uint32_t failures_to_outage = 3;
  static constexpr std::chrono::seconds patience{5};

  explicit Flow(std::uint32_t most_in_flight) noexcept;

  /// An answer of the service took the batch (or a part of it, or refused it for good), whose
  /// request began at `begun`: it works.
  void succeeded(bool replay, bool bodies_wait, SteadyTime begun) noexcept;
  /// The batch has to be sent again, not before `pause`. `slow_down`: the service said so itself.
  void failed(SteadyTime now, std::chrono::nanoseconds pause, bool slow_down) noexcept;

  bool outage() const noexcept { return outage_; }
  SteadyTime probe_at() const noexcept { return probe_at_; }
  /// For the schedule of probes: which pause a failure now would begin, the first of an outage
  /// being 1. Requests that were on their way when the outage began do not count.
  std::uint32_t next_pause() const noexcept { return outage_ ? pauses_ + 1 : 1; }
  /// The longest pause that is fair after a failure now, if nobody asked for another: half of what
  /// the outage has lasted, so that it ends for us not much later than it ends; at least a second.
  std::chrono::nanoseconds longest_pause(SteadyTime now) const noexcept;

  /// Bodies that may be unsettled at a time; what the batcher goes by.
  std::uint32_t window() const noexcept { return window_; }
  /// Of live requests that began at these times, oldest first: how many take no place, as they hang
  /// while later ones succeed.
  std::uint32_t hanging(std::span<const SteadyTime> begun, SteadyTime now) const noexcept;
  /// Live requests that may begin beside these.
  std::uint32_t live_room(std::span<const SteadyTime> begun, SteadyTime now) const noexcept;
  /// Stored batches that may be on their way, given as many live requests. At least one once a
  /// success has been seen.
  std::uint32_t replay_room(std::uint32_t live_in_flight) const noexcept;

private:
  std::uint32_t most_;
  std::uint32_t window_;
  std::uint32_t replay_ = 0;  // grows from 1 by each success; 0: none before the first success
  std::uint32_t failures_in_row_ = 0;
  bool outage_ = false;
  std::uint32_t pauses_ = 0;  // of this outage
  SteadyTime outage_since_{};
  SteadyTime probe_at_{};
  SteadyTime last_success_{};  // when the newest request that succeeded had begun
};

}  // namespace posthaste::actors

#pragma once

/// The flushes that are asked for and not done: "everything accepted before the call is delivered,
/// stored or dropped with a reason". Each goes two steps, and one before them where records are
/// measured: the sampler measures what the lanes hold, so that the collection has it.
///
///   asked ──sampler drained what the lanes held──► has a log position ──all outputs settled up to
///   it, or deadline──► done, its callback is called once
///
/// Threads:  add from any; intake_* from the sampler; due from the supervisor, which calls back.
/// Blocking: a short mutex. Full: one entry per caller of flush.

#include "runtime/base/clock.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace posthaste::actors {

class FlushBoard {
public:
  using Done = std::function<void(bool complete)>;
  /// Whether an output (all of them) has settled everything below a log position.
  using SettledUpTo = std::function<bool(std::uint64_t position)>;

  void add(SteadyTime deadline, Done done);

  /// What the sampler is asked for: flushes added so far. When it is above `intake_done`, it takes
  /// a LaneMark, and tells the log position at which the mark was reached.
  std::uint64_t intake_asked() const noexcept { return asked_.load(std::memory_order_acquire); }
  std::uint64_t intake_done() const noexcept { return done_.load(std::memory_order_acquire); }
  /// The last flush for which all has been measured that the lanes held when it was asked for; only
  /// then may their meter be collected for it.
  std::uint64_t folded() const noexcept { return folded_.load(std::memory_order_acquire); }
  void fold_reached(std::uint64_t asked) noexcept {
    folded_.store(asked, std::memory_order_release);
  }
  void intake_reached(std::uint64_t asked, std::uint64_t position) noexcept;

  /// Below this log position the batchers close what they have.
  std::uint64_t close_up_to() const noexcept { return close_.load(std::memory_order_acquire); }

  /// Ended flushes: takes them off the board. The caller calls `done` with no lock held.
  struct Ended {
    Done done;
    bool complete;
  };
  std::vector<Ended> due(SteadyTime now, const SettledUpTo& settled);
  bool empty() const noexcept;

private:
  struct Flush {
    std::uint64_t number;
    SteadyTime deadline;
    Done done;
    std::optional<std::uint64_t> position;
  };
  mutable std::mutex mutex_;
  std::vector<Flush> flushes_;
  std::atomic<std::uint64_t> asked_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> folded_{0};
  std::atomic<std::uint64_t> close_{0};
};

}  // namespace posthaste::actors

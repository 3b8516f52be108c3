#pragma once

/// The loggers of a Telemetry: severity and rate limit of each. Made rarely (under a lock), read
/// often.
///
/// Threads: make() from any, locks; the rest lock-free.
/// Full:    4,096 loggers; later ones share the last one's limits.

#include "runtime/base/tick_clock.h"

#include <posthaste/severity.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace posthaste::produce {

/// So many in each second; counts what it turned away. Shared by all threads, so it costs a
/// contended add when, and only when, a limit is set.
class RateLimit {
public:
  /// True if the record may go. `suppressed` is how many were turned away in the second before,
  /// told once, to whoever comes first in the new one.
  bool allows(std::uint64_t now, std::uint64_t ticks_per_second, std::uint32_t limit,
              std::uint64_t& suppressed) noexcept;

private:
  std::atomic<std::uint64_t> second_began_{0};
  std::atomic<std::uint64_t> taken_{0};
};

/// What a record needs to know of its logger. A word, so that it is read in one piece.
struct alignas(std::uint32_t) LoggerRule {
  std::uint16_t scope = 0;
  Severity minimum_severity = static_cast<Severity>(0xff);  // of one that was never made
  bool limited = false;
};
static_assert(std::atomic<LoggerRule>::is_always_lock_free);

struct LoggerState {
  std::uint16_t scope = 0;
  Severity minimum_severity = Severity::trace;
  std::uint32_t rate_limit = 0;  // per second; 0: none
  RateLimit rate;
};

class LoggerTable {
public:
  static constexpr std::uint16_t most = 4096;

  /// The number of the logger of this scope, which is made if it is new.
  std::uint16_t make(std::uint16_t scope, Severity minimum, std::uint32_t rate_limit) noexcept;
  /// Null for a number that was never given.
  LoggerState* at(std::uint16_t number) noexcept {
    if (number >= count_.load(std::memory_order_acquire)) [[unlikely]]
      return nullptr;
    return &pages_[number / page_size][number % page_size];
  }
  LoggerRule rule(std::uint16_t number) const noexcept {
    return rules_[number % most].load(std::memory_order_acquire);
  }

private:
  static constexpr std::uint16_t page_size = 64;

  std::mutex mutex_;
  std::atomic<std::uint16_t> count_{0};
  std::unique_ptr<LoggerState[]> pages_[most / page_size];
  std::array<std::atomic<LoggerRule>, most> rules_{};
};

}  // namespace posthaste::produce

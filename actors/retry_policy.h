#pragma once

/// What follows when a body has to be sent again: after which delay, or the store, or the end.
///
/// The delay before attempt n + 1 is drawn evenly between 0 and a ceiling ("full jitter", so that a
/// thousand processes do not come back at once):
///
///   failures        1    2    3    4    5     6     7     8 and more
///   ceiling         1 s  2 s  4 s  8 s  16 s  32 s  64 s  120 s
///   seed 1, body 1  0.876  1.846  2.901  7.046  3.709  7.657  1.534  46.219 s
///
///   certificates    1 min up to 1, 2, 4, 8, 15 min
///   quota           5 min up to 15 min
///   Retry-After     exactly that, within 0 to 1 h, in place of all others
///
/// A body leaves memory for the store when its next attempt would begin later than `export_timeout`
/// after it was made. It is dropped when it is older than `age_limit` (the service refuses what is
/// older than 48 h), or after `poison_limit` failures that may be its own fault.
///
/// Pure: the same seed, body and count give the same delay. Called on actor threads.

#include <posthaste/ledger.h>

#include "actors/judge.h"

#include <chrono>
#include <cstdint>
#include <variant>

namespace posthaste::actors {

struct RetryLimits {
  std::chrono::nanoseconds export_timeout =
      std::chrono::seconds{30};  // in memory, retries included
  std::chrono::nanoseconds age_limit = std::chrono::hours{47};
  std::uint32_t poison_limit = 10;
};

/// What has become of a body so far, the failure at hand included.
struct Attempts {
  std::uint32_t failures = 0;            // in a row, at least 1
  std::uint32_t blamed = 0;              // those with Judgement::blames_body
  std::chrono::nanoseconds in_memory{};  // since it was encoded, or taken from the store
  std::chrono::nanoseconds age{};        // since its oldest record ended
};

struct SendAgain {
  std::chrono::nanoseconds delay;
};
struct PutAway {  // into the store; the delay is for its replay
  std::chrono::nanoseconds delay;
};
struct GiveUp {
  DropReason reason;
};
using NextStep = std::variant<SendAgain, PutAway, GiveUp>;

class RetryPolicy {
public:
  RetryPolicy(RetryLimits limits, std::uint64_t seed) noexcept : limits_(limits), seed_(seed) {}

  /// After a judgement of `retry_later` or `partial`. `body` tells bodies apart for the jitter.
  NextStep next(const Judgement& judgement, const Attempts& attempts,
                std::uint64_t body) const noexcept;

  /// The delay alone: for probes of an output that is away.
  std::chrono::nanoseconds delay(const Judgement& judgement, std::uint32_t failures,
                                 std::uint64_t body) const noexcept;

private:
  RetryLimits limits_;
  std::uint64_t seed_;
};

}  // namespace posthaste::actors

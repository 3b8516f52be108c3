#pragma once

/// The head decision at a rate: whether a trace is kept, from its id alone, so that services with
/// the same rate keep the same traces. Pure; application threads.

#include <posthaste/ids.h>
#include <posthaste/sample_rate.h>

#include <cstdint>

namespace posthaste::model {

/// 0 to 100; a trace is kept when its score is below the rate in percent.
double sampling_score(const TraceId& trace,
                      SamplingHash hash = SamplingHash::application_insights) noexcept;

/// Of SamplingHash::application_insights the score before it is scaled: below 2^31.
std::uint32_t sampling_number(TraceId trace) noexcept;
using SamplingNumber = std::uint32_t (*)(TraceId) noexcept;
/// The same function as fast as this processor can do it.
SamplingNumber fastest_sampling_number() noexcept;
/// A trace is kept at this rate if, and only if, its number is below this.
std::uint32_t kept_numbers(double rate_percent) noexcept;

/// Rates 0 and 100 need no score.
inline bool keeps(double rate_percent, const TraceId& trace,
                  SamplingHash hash = SamplingHash::application_insights) noexcept {
  if (rate_percent >= 100) return true;
  if (rate_percent <= 0) return false;
  return sampling_score(trace, hash) < rate_percent;
}

}  // namespace posthaste::model

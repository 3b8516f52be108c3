#pragma once

/// The head decision at a rate: whether a trace is kept, from its id alone, so that services with
/// the same rate keep the same traces. Pure; application threads.

#include <posthaste/ids.h>
#include <posthaste/sample_rate.h>

namespace posthaste::model {

/// 0 to 100; a trace is kept when its score is below the rate in percent.
double sampling_score(const TraceId& trace,
                      SamplingHash hash = SamplingHash::application_insights) noexcept;

/// Rates 0 and 100 need no score.
inline bool keeps(double rate_percent, const TraceId& trace,
                  SamplingHash hash = SamplingHash::application_insights) noexcept {
  if (rate_percent >= 100) return true;
  if (rate_percent <= 0) return false;
  return sampling_score(trace, hash) < rate_percent;
}

}  // namespace posthaste::model

#pragma once

/// The head decision: whether a trace is kept, from its id alone, as every Application Insights SDK
/// decides, so that services with the same rate keep the same traces. Pure; application threads.

#include <posthaste/ids.h>

namespace posthaste::produce {

/// 0 to 100; a trace is kept when its score is below the rate in percent. The hash runs over the 32
/// lower-case hexadecimal digits.
double sampling_score(const TraceId& trace) noexcept;

/// Rates 0 and 100 need no hash.
inline bool keeps(double rate_percent, const TraceId& trace) noexcept {
  if (rate_percent >= 100) return true;
  if (rate_percent <= 0) return false;
  return sampling_score(trace) < rate_percent;
}

}  // namespace posthaste::produce

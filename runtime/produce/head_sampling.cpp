#include "runtime/produce/head_sampling.h"

#include <cstdint>
#include <limits>

namespace posthaste::produce {
namespace {

/// As every Application Insights SDK computes it, over the digits of the id.
double application_insights_score(const TraceId& trace, bool upper_case) noexcept {
  std::uint32_t hash = 5381;
  for (const char digit : trace.hex()) {
    const auto code = static_cast<unsigned char>(digit);
    hash = (hash << 5) + hash + (upper_case && code >= 'a' ? code - 32u : code);
  }
  const auto number = static_cast<std::int32_t>(hash);
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  const std::int32_t score = number == std::numeric_limits<std::int32_t>::min() ? most
                             : number < 0                                       ? -number
                                                                                : number;
  return static_cast<double>(score) / static_cast<double>(most) * 100;
}

/// OpenTelemetry keeps a trace when its last 56 bits are at or above a threshold, which is the
/// lower, the higher the rate: the same as a score that counts down.
double trace_id_score(const TraceId& trace) noexcept {
  std::uint64_t random = 0;
  for (std::size_t i = 9; i < 16; ++i) random = random << 8 | trace.bytes[i];
  // The upper 53 of the 56 bits, which a double holds exactly.
  constexpr std::uint64_t all = std::uint64_t{1} << 56;
  return static_cast<double>((all - 1 - random) >> 3) / static_cast<double>(all >> 3) * 100;
}

}  // namespace

double sampling_score(const TraceId& trace, SamplingHash hash) noexcept {
  if (hash == SamplingHash::trace_id) return trace_id_score(trace);
  return application_insights_score(trace, hash == SamplingHash::application_insights_upper_case);
}

}  // namespace posthaste::produce

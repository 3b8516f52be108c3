#pragma once

/// What this process says in `tracestate` of the rate at which it kept a trace: the threshold `th` of
/// OpenTelemetry's member `ot`, and, where a hash of ours decided, the randomness `rv` that agrees
/// with it. The other half is trace_state_rate.h.
///
/// Pure; any thread. `state` is a well-formed trace state, or empty.
/// Specification: OpenTelemetry, Tracestate Probability Sampling; W3C Trace Context 3.5 (a member
/// that changes goes to the front; what is beyond 32 members or 512 bytes is left out at the end).

#include <posthaste/ids.h>
#include <posthaste/sample_rate.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace posthaste::model {

inline constexpr std::size_t most_trace_state_bytes = 512;

struct KeptRate {
  bool sampled = true;
  double percent = 100;  // above 0 where it is sampled
  /// 56 bits, at or above the threshold; nothing: those of the trace id.
  std::optional<std::uint64_t> randomness = {};
};

/// The randomness by which an Application Insights hash keeps the trace at `percent`; nothing where
/// the trace id's own bits do, or where it does not keep it.
std::optional<std::uint64_t> randomness_of(const TraceId& trace, SamplingHash hash,
                                           double percent) noexcept;

/// `state` with that rate; `state` itself where it says so already. The view is of `state` or
/// `buffer`.
std::string_view with_rate(std::string_view state, const KeptRate& kept,
                           std::span<char, most_trace_state_bytes> buffer) noexcept;

}  // namespace posthaste::model

#pragma once

/// How many traces a remote span stands for, as its `tracestate` tells it: the threshold `th` of
/// OpenTelemetry's member `ot`, by which probability samplers say what they kept.
///
/// Pure; any thread; bytes from outside, so nothing of them is trusted.
/// Specification: OpenTelemetry, Tracestate Probability Sampling.

#include <string_view>

namespace posthaste::model {

/// In percent, above 0; 100 where nothing is said, or nothing that makes sense.
double rate_in_trace_state(std::string_view trace_state) noexcept;

}  // namespace posthaste::model

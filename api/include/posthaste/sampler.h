#pragma once

/// A sampler of your own: a function that is asked, for each span that `sampling_parents` leaves to
/// decide, whether its trace is kept.
///
///   settings.sampler = [](const posthaste::SamplingRequest& request) {
///     return request.name == "GET /healthz" ? posthaste::SamplingDecision::drop()
///                                           : posthaste::SamplingDecision::keep();
///   };
///
/// Threads:  on the thread that starts the span, on several at once.
/// Blocking: the span waits for it, so it should not block.
/// Errors:   an exception is caught and counted (`Health::callback_failures`), said once
///           (PH-RUN-503), and the trace is kept at 100 %. A span that the function itself starts
///           is not kept, so that it is not asked without end.
/// Specification: OpenTelemetry Trace SDK, Sampler.

#include <posthaste/sample_rate.h>
#include <posthaste/span.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace posthaste {

/// What is known when a span starts. Everything borrows, and is valid during the call.
struct SamplingRequest {
  const TraceId& trace_id;
  std::string_view name;
  SpanKind kind = SpanKind::internal;
  Attributes attributes;  // that the span starts with
  std::span<const Link> links;

  bool has_parent = false;  // the rest is about it
  bool parent_is_remote = false;
  bool parent_is_sampled = false;
  SampleRate parent_rate = SampleRate::always();
  std::string_view trace_state;
};

/// An attribute that is its own.
struct OwnedAttribute {
  std::string key;
  std::variant<bool, std::int64_t, double, std::string> value;
};

struct SamplingDecision {
  bool sampled = true;
  /// The part of such traces that is kept: the item stands for 100/rate of them, and so do the
  /// spans beneath it. Above 0; anything else counts as 100 %. A number in the attribute
  /// `microsoft.sample_rate` says the same, in percent.
  SampleRate rate = SampleRate::always();
  /// Added to a span that is kept.
  std::vector<OwnedAttribute> attributes = {};

  static SamplingDecision keep(SampleRate rate = SampleRate::always()) { return {true, rate}; }
  static SamplingDecision drop() { return {false}; }
};

}  // namespace posthaste

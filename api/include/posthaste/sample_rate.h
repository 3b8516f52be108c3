#pragma once

/// The part of all traces that is kept, and what a span with a parent does. Counts stay right: each
/// kept item says how many it stands for. docs/sampling.md says which to take.

#include <cstdint>

namespace posthaste {

class SampleRate {
public:
  /// `SampleRate::percent(25)` keeps every fourth trace. A rate outside 0 to 100 percent can be
  /// written down, but no Telemetry starts with it: the error names the setting.
  static constexpr SampleRate percent(double percent) noexcept { return SampleRate(percent); }
  static constexpr SampleRate ratio(double ratio) noexcept { return SampleRate(ratio * 100); }
  static constexpr SampleRate always() noexcept { return SampleRate(100); }
  static constexpr SampleRate never() noexcept { return SampleRate(0); }

  constexpr double as_ratio() const noexcept { return percent_ / 100; }
  constexpr double as_percent() const noexcept { return percent_; }
  /// Within 0 to 100 percent; not a number is not.
  constexpr bool valid() const noexcept { return percent_ >= 0 && percent_ <= 100; }

  friend constexpr bool operator==(SampleRate, SampleRate) = default;

private:
  explicit constexpr SampleRate(double percent) noexcept : percent_(percent) {}
  double percent_;
};

/// How a trace id becomes the score that is compared with the rate. Services that use the same one
/// and the same rate keep the same traces.
enum class SamplingHash : std::uint8_t {
  application_insights,             // the hash of Application Insights over the lower-case digits
  application_insights_upper_case,  // over upper-case digits, as Azure Monitor's .NET exporter does
  trace_id,  // none: the last 56 bits, as OpenTelemetry's probability samplers do
};

/// What a span with a parent does, by the kind of parent. A parent is local if it is a span of this
/// process.
struct ParentRule {
  enum class Then : std::uint8_t {
    keep,    // kept, and stands for as many as its parent
    drop,    // not kept
    decide,  // as a span without a parent: the sampler decides
  };
  Then remote_sampled = Then::keep;
  Then remote_not_sampled = Then::drop;
  Then local_sampled = Then::keep;
  Then local_not_sampled = Then::drop;

  /// As its parent, whichever that is: OpenTelemetry's `parentbased_...`.
  static const ParentRule follow;
  /// As its parent if that is local, else the sampler decides: Azure Monitor's own samplers.
  static const ParentRule follow_local;
  /// The sampler decides for every span.
  static const ParentRule ignore;

  friend constexpr bool operator==(const ParentRule&, const ParentRule&) = default;
};

inline constexpr ParentRule ParentRule::follow{};
inline constexpr ParentRule ParentRule::follow_local{ParentRule::Then::decide,
                                                     ParentRule::Then::decide};
inline constexpr ParentRule ParentRule::ignore{ParentRule::Then::decide, ParentRule::Then::decide,
                                               ParentRule::Then::decide, ParentRule::Then::decide};

}  // namespace posthaste

#pragma once

/// The part of all traces that is kept, chosen by a hash of the trace id, so that every service
/// with the same rate keeps the same traces. Counts stay right: each kept item says how many it
/// stands for.

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

/// What a span with a parent does.
enum class ParentRule {
  follow,  // as its parent was decided; the rate decides for spans without one
  ignore,  // the rate decides for every span
};

}  // namespace posthaste

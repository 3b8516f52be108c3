#pragma once

/// The sampler: what the settings chose, and OTEL_TRACES_SAMPLER with OTEL_TRACES_SAMPLER_ARG.
/// Pure; any thread.

#include <posthaste/sample_rate.h>

#include <functional>
#include <string>
#include <string_view>

namespace posthaste {
struct SamplingDecision;
struct SamplingRequest;
}  // namespace posthaste

namespace posthaste::config {

enum class SamplerKind : std::uint8_t {
  fixed_rate,    // by `rate`
  rate_limited,  // by `traces_per_second`
  callback,      // by `callback`
};

/// The parents are asked first; what they leave to decide is the sampler's.
struct FinalSampling {
  SamplerKind kind = SamplerKind::fixed_rate;
  SampleRate rate = SampleRate::always();
  double traces_per_second = 0;
  SamplingHash hash = SamplingHash::application_insights;
  ParentRule parents = ParentRule::follow;
  std::function<SamplingDecision(const SamplingRequest&)> callback = {};
};

struct SamplerChoice {
  FinalSampling sampling = {};
  bool known = true;           // false: the name is not one that is supported; the rest is default
  bool argument_valid = true;  // false: it was given but breaks `rule`; a default is used
  std::string_view rule = {};  // of the argument
};

/// `name` in any case; `argument` empty when unset, and read only by samplers that have one.
SamplerChoice choose_sampler(std::string_view name, std::string_view argument);

/// "25 %", "5 traces/s", "callback".
std::string text_of(const FinalSampling& sampling);
/// "follow", "follow_local", "ignore", or what is done for each kind of parent.
std::string text_of(const ParentRule& rule);
std::string_view text_of(SamplingHash hash) noexcept;

inline constexpr double most_traces_per_second = 1e6;
inline bool valid_traces_per_second(double number) noexcept {
  return number >= 0 && number <= most_traces_per_second;
}

/// What `name` may be, for messages.
inline constexpr std::string_view known_samplers =
    "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, "
    "parentbased_traceidratio, microsoft.fixed_percentage, microsoft.rate_limited";

}  // namespace posthaste::config

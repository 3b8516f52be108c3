#pragma once

/// OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. Pure; any thread.

#include <posthaste/sample_rate.h>

#include <string_view>

namespace posthaste::config {

struct SamplerChoice {
  SampleRate rate = SampleRate::always();
  ParentRule parents = ParentRule::follow;
  bool known = true;           // false: the name is not one that is supported; the rest is default
  bool argument_valid = true;  // false: it was given but is no ratio from 0 to 1; 1 is used
};

/// `name` in any case; `argument` empty when unset, and read only by samplers that have a ratio.
SamplerChoice choose_sampler(std::string_view name, std::string_view argument);

/// What `name` may be, for messages.
inline constexpr std::string_view known_samplers =
    "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, "
    "parentbased_traceidratio, microsoft.fixed_percentage";

}  // namespace posthaste::config

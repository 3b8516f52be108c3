#include "runtime/config/sampling.h"

#include "runtime/config/text.h"

#include <cstdio>

namespace posthaste::config {
namespace {

/// Of Azure Monitor's own distributions.
constexpr double default_traces_per_second = 5;

SamplerChoice by_ratio(std::string_view argument, FinalSampling sampling) {
  SamplerChoice choice{.sampling = std::move(sampling), .rule = "is not a ratio from 0 to 1"};
  if (argument.empty()) return choice;
  const auto ratio = parse_decimal(argument);
  choice.argument_valid = ratio && SampleRate::ratio(*ratio).valid();
  if (choice.argument_valid) choice.sampling.rate = SampleRate::ratio(*ratio);
  return choice;
}

SamplerChoice by_traces(std::string_view argument) {
  SamplerChoice choice{.sampling = {.kind = SamplerKind::rate_limited,
                                    .traces_per_second = default_traces_per_second,
                                    .parents = ParentRule::follow_local},
                       .rule = "is not a number of traces per second from 0 to 1000000"};
  if (argument.empty()) return choice;
  const auto number = parse_decimal(argument);
  choice.argument_valid = number && valid_traces_per_second(*number);
  if (choice.argument_valid) choice.sampling.traces_per_second = *number;
  return choice;
}

std::string_view text_of(ParentRule::Then then) noexcept {
  switch (then) {
    case ParentRule::Then::keep: return "keep";
    case ParentRule::Then::drop: return "drop";
    case ParentRule::Then::decide: return "decide";
  }
  return "unknown";
}

}  // namespace

SamplerChoice choose_sampler(std::string_view name, std::string_view argument) {
  std::string kind = lower_case(name);
  // Microsoft's distributions decide by their hash whatever a remote parent says.
  if (kind == "microsoft.fixed_percentage") {
    return by_ratio(argument, {.parents = ParentRule::follow_local});
  }
  if (kind == "microsoft.rate_limited") return by_traces(argument);

  constexpr std::string_view parent_based = "parentbased_";
  FinalSampling sampling{.parents = ParentRule::ignore};
  if (kind.starts_with(parent_based)) {
    sampling.parents = ParentRule::follow;
    kind.erase(0, parent_based.size());
  }
  if (kind == "always_on") return {.sampling = sampling};
  if (kind == "always_off") {
    sampling.rate = SampleRate::never();
    return {.sampling = sampling};
  }
  // The second spelling is that of Microsoft's distributions.
  if (kind == "traceidratio" || kind == "trace_id_ratio") {
    sampling.hash = SamplingHash::trace_id;
    return by_ratio(argument, std::move(sampling));
  }
  return {.known = false};
}

std::string text_of(const FinalSampling& sampling) {
  char text[48];
  switch (sampling.kind) {
    case SamplerKind::fixed_rate:
      std::snprintf(text, sizeof text, "%g %%", sampling.rate.as_percent());
      return text;
    case SamplerKind::rate_limited:
      std::snprintf(text, sizeof text, "%g traces/s", sampling.traces_per_second);
      return text;
    case SamplerKind::callback: break;
  }
  return "callback";
}

std::string text_of(const ParentRule& rule) {
  if (rule == ParentRule::follow) return "follow";
  if (rule == ParentRule::follow_local) return "follow_local";
  if (rule == ParentRule::ignore) return "ignore";
  std::string text("remote sampled: ");
  text.append(text_of(rule.remote_sampled)).append(", not sampled: ");
  text.append(text_of(rule.remote_not_sampled)).append("; local sampled: ");
  text.append(text_of(rule.local_sampled)).append(", not sampled: ");
  return text.append(text_of(rule.local_not_sampled));
}

std::string_view text_of(SamplingHash hash) noexcept {
  switch (hash) {
    case SamplingHash::application_insights: return "application_insights";
    case SamplingHash::application_insights_upper_case: return "application_insights_upper_case";
    case SamplingHash::trace_id: return "trace_id";
  }
  return "unknown";
}

}  // namespace posthaste::config

#include "runtime/config/sampling.h"

#include "runtime/config/text.h"

#include <string>

namespace posthaste::config {
namespace {

SamplerChoice by_ratio(std::string_view argument, ParentRule parents) {
  if (argument.empty()) return {.rate = SampleRate::always(), .parents = parents};
  const auto ratio = parse_decimal(argument);
  if (!ratio || !SampleRate::ratio(*ratio).valid()) {
    return {.rate = SampleRate::always(), .parents = parents, .argument_valid = false};
  }
  return {.rate = SampleRate::ratio(*ratio), .parents = parents};
}

}  // namespace

SamplerChoice choose_sampler(std::string_view name, std::string_view argument) {
  std::string kind = lower_case(name);
  // Microsoft's distributions decide by the hash alone, whatever a remote parent says.
  if (kind == "microsoft.fixed_percentage") return by_ratio(argument, ParentRule::ignore);

  constexpr std::string_view parent_based = "parentbased_";
  ParentRule parents = ParentRule::ignore;
  if (kind.starts_with(parent_based)) {
    parents = ParentRule::follow;
    kind.erase(0, parent_based.size());
  }
  if (kind == "always_on") return {.rate = SampleRate::always(), .parents = parents};
  if (kind == "always_off") return {.rate = SampleRate::never(), .parents = parents};
  // The second spelling is that of Microsoft's distributions.
  if (kind == "traceidratio" || kind == "trace_id_ratio") return by_ratio(argument, parents);
  return {.known = false};
}

}  // namespace posthaste::config

#include "runtime/config/propagators.h"

#include "runtime/config/text.h"

#include <array>
#include <utility>

namespace posthaste::config {
namespace {

struct Name {
  std::string_view text;
  Propagation propagation;
};

constexpr std::array names{Name{"tracecontext", Propagation::trace_context},
                           Name{"baggage", Propagation::baggage}, Name{"b3", Propagation::b3},
                           Name{"b3multi", Propagation::b3_multi}};

std::optional<Propagation> propagation_of(std::string_view name) {
  for (const Name& each : names) {
    if (equal_ignoring_case(each.text, name)) return each.propagation;
  }
  return std::nullopt;
}

}  // namespace

PropagatorChoice choose_propagators(std::string_view text) {
  PropagatorChoice choice{.propagators = Propagators::none()};
  const std::vector<std::string_view> given = split(text, ',');
  bool known = given.size() == 1 && equal_ignoring_case(given.front(), "none");
  if (known) return choice;
  for (const std::string_view name : given) {
    if (const auto propagation = propagation_of(name)) {
      choice.propagators.add(*propagation);
      known = true;
      continue;
    }
    if (!choice.unknown.empty()) choice.unknown += ", ";
    choice.unknown += name;
  }
  choice.any_known = known;
  if (!known) choice.propagators = Propagators();
  return choice;
}

std::string text_of(Propagators propagators) {
  std::string text;
  for (const Name& each : names) {
    if (!propagators.has(each.propagation)) continue;
    if (!text.empty()) text += ',';
    text += each.text;
  }
  return text.empty() ? "none" : text;
}

Propagators read_propagators(std::optional<Propagators> code, const Environment& environment,
                             SettingResolver& resolver) {
  if (code) {
    resolver.remember(SettingId::propagators, text_of(*code), Origin::code);
    return *code;
  }
  for (const Given& given : environment.all(SettingId::propagators)) {
    const PropagatorChoice choice = choose_propagators(given.text);
    if (!choice.unknown.empty()) {
      resolver.ignore(given,
                      "names " + quoted(choice.unknown) +
                          ", which is not among tracecontext, baggage, b3, b3multi, none (which "
                          "stands alone)",
                      "leave it out, or mend it");
    }
    if (!choice.any_known) continue;
    resolver.remember(SettingId::propagators, text_of(choice.propagators), given);
    return choice.propagators;
  }
  return {};
}

}  // namespace posthaste::config

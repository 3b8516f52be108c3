#include "runtime/config/final_metrics.h"

#include "runtime/config/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

namespace posthaste::config {
namespace {

constexpr std::size_t most_views = 1000;
constexpr std::size_t most_boundaries = 255;

ExemplarFilter read_exemplar_filter(std::optional<ExemplarFilter> given,
                                    SettingResolver& resolver) {
  constexpr std::array names{"trace_based", "always_on", "always_off"};
  if (given) {
    const auto number = static_cast<std::size_t>(*given);
    if (number < names.size()) {
      resolver.remember(SettingId::metric_exemplars, names[number], Origin::code);
      return *given;
    }
    resolver.refuse(SettingId::metric_exemplars, std::to_string(number),
                    "is no ExemplarFilter; choose trace_based, always_on or always_off");
  }
  const auto parse = [&](std::string_view text) -> std::optional<ExemplarFilter> {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (equal_ignoring_case(text, names[i])) return static_cast<ExemplarFilter>(i);
    }
    return std::nullopt;
  };
  const auto show = [&](ExemplarFilter filter) { return names[static_cast<std::size_t>(filter)]; };
  return resolver
      .choose(SettingId::metric_exemplars, parse, show,
              "is not trace_based, always_on or always_off", "choose one of these")
      .value_or(ExemplarFilter::trace_based);
}

void check_views(const std::vector<MetricView>& views, SettingResolver& resolver) {
  if (views.empty()) return;
  if (views.size() > most_views) {
    resolver.refuse(SettingId::metric_views, std::to_string(views.size()) + " views",
                    "are more than 1000; let one view fit several instruments");
  }
  for (const MetricView& view : views) {
    const bool one = view.instrument.find_first_of("*?") == std::string::npos;
    if (!view.name.empty() && !one) {
      resolver.refuse(SettingId::metric_views, quoted(view.instrument),
                      "gives several instruments the name \"" + view.name +
                          "\"; name the one instrument that is to have it");
    }
    if (!view.boundaries) continue;
    const std::vector<double>& bounds = *view.boundaries;
    const bool ascending = std::adjacent_find(bounds.begin(), bounds.end(), [](double a, double b) {
                             return !(a < b);
                           }) == bounds.end();
    const bool finite = std::all_of(bounds.begin(), bounds.end(),
                                    [](double bound) { return std::isfinite(bound); });
    if (!ascending || !finite || bounds.size() > most_boundaries) {
      resolver.refuse(SettingId::metric_views, quoted(view.instrument),
                      "has boundaries that are not at most 255 finite numbers in ascending order; "
                      "mend them");
    }
  }
  resolver.remember(SettingId::metric_views, std::to_string(views.size()) + " views", Origin::code);
}

/// Any value of the variable counts, as with Microsoft's exporters.
bool read_standard(std::optional<bool> given, const Environment& environment,
                   SettingResolver& resolver) {
  if (given) {
    resolver.remember(SettingId::standard_metrics, *given ? "true" : "false", Origin::code);
    return *given;
  }
  constexpr std::string_view variable = "APPLICATION_INSIGHTS_NO_STANDARD_METRICS";
  if (!environment.get(variable)) {
    return resolver.flag_in_file(SettingId::standard_metrics);
  }
  resolver.remember(SettingId::standard_metrics, "false", Origin::environment,
                    std::string(variable));
  return false;
}

}  // namespace

FinalMetrics read_metrics(const MetricSettings& given, const Environment& environment,
                          SettingResolver& resolver) {
  const auto memory = given.memory ? std::optional(given.memory->count) : std::nullopt;
  FinalMetrics metrics{
      .interval = resolver.duration(SettingId::metric_interval, given.interval),
      .timeout = resolver.duration(SettingId::metric_timeout, given.timeout),
      .cardinality_limit =
          resolver.count(SettingId::metric_cardinality_limit, given.cardinality_limit),
      .memory = {resolver.number(SettingId::metric_memory, memory)},
      .exemplars = read_exemplar_filter(given.exemplars, resolver),
      .views = given.views,
      .standard_metrics = read_standard(given.standard_metrics, environment, resolver),
      .performance_counters =
          resolver.flag(SettingId::performance_counters, given.performance_counters),
      .process_metrics = resolver.flag(SettingId::process_metrics, given.process_metrics),
      .self_metrics = resolver.flag(SettingId::self_metrics, given.self_metrics)};
  metrics.timeout = std::min(metrics.timeout, metrics.interval);
  check_views(given.views, resolver);
  return metrics;
}

}  // namespace posthaste::config

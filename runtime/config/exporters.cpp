#include "runtime/config/exporters.h"

#include "runtime/config/text.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace posthaste::config {
namespace {

constexpr std::array settings_of_signal = {SettingId::traces_exporter, SettingId::metrics_exporter,
                                           SettingId::logs_exporter};

bool take_name(ExporterChoice& choice, std::string_view name) {
  if (equal_ignoring_case(name, "otlp")) {
    choice.otlp = true;
  } else if (equal_ignoring_case(name, "console")) {
    choice.console = true;
  } else if (equal_ignoring_case(name, "azure_monitor") ||
             equal_ignoring_case(name, "azure_monitor_opentelemetry_exporter")) {
    choice.azure_monitor = true;
  } else {
    return false;
  }
  return true;
}

ExporterChoice read_exporter(SettingId id, const Environment& environment,
                             SettingResolver& resolver) {
  ExporterChoice choice;
  const auto given = environment.find(id);
  if (!given) return choice;
  bool wrong = false;
  bool none = false;
  for (const std::string_view name : split(given->text, ',')) {
    const bool is_none = equal_ignoring_case(name, "none");
    none = none || is_none;
    wrong = wrong || (!is_none && !take_name(choice, name));
  }
  const bool named = choice.azure_monitor || choice.otlp || choice.console;
  if (wrong || (none && named)) {
    resolver.ignore(*given,
                    wrong ? "holds an exporter that is not supported" : "holds none beside others",
                    "choose of azure_monitor, otlp and console, or none");
  }
  choice.given = named || none;
  if (choice.given) resolver.remember(id, lower_case(quoted(given->text)), *given);
  return choice;
}

}  // namespace

bool ExporterChoices::name_otlp() const noexcept {
  return std::any_of(of_signal.begin(), of_signal.end(),
                     [](const ExporterChoice& choice) { return choice.otlp; });
}

bool ExporterChoices::name_console() const noexcept {
  return std::any_of(of_signal.begin(), of_signal.end(),
                     [](const ExporterChoice& choice) { return choice.console; });
}

bool ExporterChoices::let_nothing() const noexcept {
  return std::all_of(of_signal.begin(), of_signal.end(),
                     [](const ExporterChoice& choice) { return choice.lets_nothing(); });
}

ExporterChoices read_exporters(const Environment& environment, SettingResolver& resolver) {
  ExporterChoices choices;
  for (std::size_t i = 0; i < settings_of_signal.size(); ++i) {
    choices.of_signal[i] = read_exporter(settings_of_signal[i], environment, resolver);
  }
  return choices;
}

}  // namespace posthaste::config

#include "runtime/config/final_diagnostics.h"

#include "runtime/config/text.h"

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::config {
namespace {

std::optional<Severity> parse_level(std::string_view text) {
  if (equal_ignoring_case(text, "none") || equal_ignoring_case(text, "off")) return no_diagnostics;
  return parse_severity(text);
}

std::string_view text_of(Severity level) {
  return level == no_diagnostics ? "none" : to_string(level);
}

Severity read_level(std::optional<Severity> code, SettingResolver& resolver) {
  if (code) {
    resolver.remember(SettingId::diagnostics_level, std::string(text_of(*code)), Origin::code);
    return *code;
  }
  return resolver
      .choose(SettingId::diagnostics_level, parse_level, text_of, "is no level",
              "choose trace, debug, info, warn, error, fatal or none")
      .value_or(Severity::info);
}

}  // namespace

FinalDiagnostics read_diagnostics(const Settings& settings, SettingResolver& resolver) {
  return {.level = read_level(settings.diagnostics_level, resolver)};
}

}  // namespace posthaste::config

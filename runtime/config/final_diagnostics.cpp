#include "runtime/config/final_diagnostics.h"

#include "runtime/base/utf8.h"
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

constexpr std::string_view path_rule = "is not an absolute path of at most 4000 bytes";

std::string read_log_file(const std::string& code, SettingResolver& resolver) {
  if (!code.empty()) {
    if (!is_absolute_path(code)) {
      resolver.refuse(SettingId::diagnostics_log_file, quoted(code),
                      std::string(path_rule) + "; begin it with '/'");
      return {};
    }
    resolver.remember(SettingId::diagnostics_log_file, printable(code, longest_path), Origin::code);
    return code;
  }
  const auto parse = [](std::string_view text) {
    return is_absolute_path(text) ? std::optional<std::string>(text) : std::nullopt;
  };
  const auto show = [](const std::string& path) { return printable(path, longest_path); };
  return resolver
      .choose(SettingId::diagnostics_log_file, parse, show, path_rule, "begin it with '/'")
      .value_or(std::string());
}

}  // namespace

FinalDiagnostics read_diagnostics(const Settings& settings, SettingResolver& resolver) {
  const DiagnosticsLog& log = settings.diagnostics_log;
  const auto size = log.size ? std::optional(log.size->count) : std::nullopt;
  return {.level = read_level(settings.diagnostics_level, resolver),
          .log_file = read_log_file(log.file, resolver),
          .log_size = {resolver.number(SettingId::diagnostics_log_size, size)}};
}

}  // namespace posthaste::config

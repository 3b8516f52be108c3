/// `posthaste settings`: what is in force for a program that is started here and now and sets
/// nothing in code, and where each value came from. Starts nothing and writes nothing.

#include "tools/command.h"

#include "runtime/config/environment.h"
#include "runtime/config/final_settings.h"
#include "runtime/http/proxy.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace posthaste::tools {
namespace {

constexpr std::string_view name = "settings";

struct Options {
  std::string file;
  bool given_only = false;
  bool json = false;
};

std::string origin_of(const config::ResolvedSetting& setting) {
  std::string text(to_string(setting.origin));
  if (!setting.source.empty()) text.append(": ").append(setting.source);
  return text;
}

std::string line_of(const config::ResolvedSetting& setting) {
  std::string text(config::row_of(setting.id).name);
  text.append(" = ").append(setting.value.empty() ? "(unset)" : setting.value);
  return text.append("   [").append(origin_of(setting)).append("]\n");
}

std::string text_of(const std::vector<config::ResolvedSetting>& settings) {
  std::string text;
  for (const config::ResolvedSetting& setting : settings) text += line_of(setting);
  return text;
}

boost::json::object json_of(const config::ResolvedSetting& setting) {
  boost::json::object row{{"name", config::row_of(setting.id).name},
                          {"value", nullptr},
                          {"origin", to_string(setting.origin)}};
  if (!setting.value.empty()) row["value"] = setting.value;
  if (!setting.source.empty()) row["source"] = setting.source;
  return row;
}

std::string json_of(const std::vector<config::ResolvedSetting>& settings,
                    const std::vector<Diagnostic>& said) {
  boost::json::array rows;
  for (const config::ResolvedSetting& setting : settings) rows.push_back(json_of(setting));
  boost::json::array diagnostics;
  for (const Diagnostic& diagnostic : said) {
    diagnostics.push_back({{"severity", to_string(diagnostic.severity)},
                           {"code", to_string(diagnostic.code)},
                           {"message", diagnostic.message}});
  }
  return serialize(boost::json::object{{"settings", std::move(rows)},
                                       {"diagnostics", std::move(diagnostics)}}) +
         '\n';
}

/// Where nothing would be started the other settings can be shown all the same: with an output, and
/// switched on. Those two are shown as they are.
std::vector<config::ResolvedSetting> shown_without_start(Settings settings, const Error& error,
                                                         const config::Environment& environment) {
  const bool disabled = error.code() == ErrorCode::disabled;
  settings.disabled = false;
  std::vector<Diagnostic> unheard;
  auto final = config::finalize(settings, environment, unheard);
  const bool without_output = !final;
  if (!final) {
    settings.outputs = {Console{}};
    final = config::finalize(settings, environment, unheard);
  }
  if (!final) return {};
  std::vector<config::ResolvedSetting> shown = final->resolved();
  for (config::ResolvedSetting& setting : shown) {
    if (setting.origin != config::Origin::code) continue;
    if (setting.id == config::SettingId::disabled) {
      setting = {setting.id, disabled ? "true" : "false",
                 disabled ? config::Origin::environment : config::Origin::default_value};
    }
    if (setting.id == config::SettingId::outputs && without_output) {
      setting = {setting.id, "none", config::Origin::default_value};
    }
  }
  return shown;
}

/// Proxies are looked into where they are used, when a program starts: so they are here.
void check_proxies(const config::FinalSettings& final, std::vector<Diagnostic>& said) {
  for (const config::FinalOutput& output : final.outputs()) {
    const auto rules = http::ProxyRules::parse(
        {.https_proxy = std::string(output.https_proxy.reveal()), .no_proxy = output.no_proxy});
    if (!rules) {
      said.push_back(config::diagnostic_of(Error(rules.error()).with_context(output.name)));
    }
  }
}

ExitCode show(const Options& options) {
  const Settings settings{.file = options.file};
  const config::Environment environment = config::Environment::of_process();
  std::vector<Diagnostic> said;
  const auto final = config::finalize(settings, environment, said);
  if (final) {
    check_proxies(*final, said);
  } else {
    said.push_back(config::diagnostic_of(final.error()));
  }
  for (const Diagnostic& diagnostic : said) complain(name, diagnostic);
  std::vector<config::ResolvedSetting> shown =
      final ? final->resolved() : shown_without_start(settings, final.error(), environment);
  if (options.given_only) {
    std::erase_if(shown, [](const config::ResolvedSetting& setting) {
      return setting.origin == config::Origin::default_value;
    });
  }
  const std::string text = options.json ? json_of(shown, said) : text_of(shown);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return ExitCode::environment;
  const bool wrong = std::any_of(said.begin(), said.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity >= Severity::warn;
  });
  return wrong ? ExitCode::not_so : ExitCode::ok;
}

}  // namespace

void add_settings_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const command = application.add_subcommand(
      std::string(name), "Show which settings are in force here, and where each came from");
  const auto options = std::make_shared<Options>();
  command->add_option("--file", options->file,
                      "A settings file to try, instead of POSTHASTE_CONFIG_FILE");
  command->add_flag("--given", options->given_only, "Leave out what has its default");
  command->add_flag("--json", options->json, "One line of JSON, with what stderr says in it too");
  command->footer(
      "Exit code 1: something was ignored, adapted or wrong; stderr says what, a line each.");
  command->callback([options, &exit_code] { exit_code = show(*options); });
}

}  // namespace posthaste::tools

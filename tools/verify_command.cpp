/// `posthaste verify`: sends one of each kind of telemetry to the outputs that a program started here
/// would have, and says in words what each endpoint answered.

#include "tools/command.h"

#include "tools/verify/verify.h"

#include "runtime/config/final_settings.h"

#include <cstdio>
#include <memory>
#include <string>

namespace posthaste::tools {
namespace {

constexpr std::string_view name = "verify";

struct Options {
  std::string file;
  std::string connection_string;
  std::string otlp_endpoint;
  std::string ca_file;
  double timeout = 20;
  bool json = false;
};

Settings settings_of(const Options& options) {
  Settings settings;
  settings.file = options.file;
  if (!options.connection_string.empty()) {
    settings.outputs.push_back(
        AzureMonitor{.connection_string = options.connection_string, .ca_file = options.ca_file});
  }
  if (!options.otlp_endpoint.empty()) {
    settings.outputs.push_back(Otlp{.endpoint = options.otlp_endpoint, .ca_file = options.ca_file});
  }
  return settings;
}

ExitCode run(const Options& options) {
  const std::chrono::milliseconds deadline{static_cast<std::int64_t>(options.timeout * 1000)};
  const auto report = verify(settings_of(options), deadline);
  if (!report) {
    complain(name, config::diagnostic_of(report.error()));
    return ExitCode::wrong_usage;
  }
  for (const Diagnostic& warning : report->warnings) {
    complain(name, warning);
  }
  const std::string text = options.json ? report->to_json() : report->to_text();
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return ExitCode::environment;
  if (report->all_accepted()) return ExitCode::ok;
  return report->any_unreachable() ? ExitCode::environment : ExitCode::not_so;
}

}  // namespace

void add_verify_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const command = application.add_subcommand(
      std::string(name), "Send one of each kind of telemetry, and say what each endpoint answered");
  const auto options = std::make_shared<Options>();
  command->add_option("--file", options->file, "A settings file, instead of POSTHASTE_CONFIG_FILE");
  command->add_option("--connection-string", options->connection_string,
                      "Of Application Insights; with it, or --otlp-endpoint, the outputs of the "
                      "environment do not count");
  command->add_option("--otlp-endpoint", options->otlp_endpoint, "Such as http://localhost:4318");
  command->add_option("--ca-file", options->ca_file, "PEM, trusted by the outputs of these two");
  command->add_option("--timeout", options->timeout, "Seconds to wait for all answers")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 600.0));
  command->add_flag("--json", options->json, "One line of JSON instead of words");
  command->footer(
      "Exit codes: 0 every endpoint accepted all; 1 one answered otherwise; 2 nothing can be\n"
      "started with these settings; 3 one could not be reached, or did not answer in time.");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace posthaste::tools

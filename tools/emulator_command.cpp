#include "tools/command.h"

#include "runtime/base/clock.h"
#include "runtime/config/directories.h"
#include "runtime/config/host_facts.h"
#include "tools/emulator/emulator.h"
#include "tools/text_file.h"

#include <cstdio>
#include <string>

namespace posthaste::tools {
namespace {

constexpr std::string_view name = "emulator";
constexpr std::uint16_t default_port = 10100;
constexpr std::uint16_t default_https_port = 10101;
constexpr std::uint16_t default_otlp_port = 4318;

struct Options {
  EmulatorSettings settings;
  std::string host = "127.0.0.1";
  std::uint16_t https_port = default_https_port;
  std::optional<std::uint16_t> otlp_port;
  std::uint16_t control_port = 0;
  bool no_https = false;
  std::vector<std::string> faults;
  std::string ready_file;
};

/// $XDG_STATE_HOME/posthaste/emulator and its like, where the store of an application would be.
std::string default_certificate_directory() {
  std::vector<Diagnostic> warnings;
  const auto candidates =
      config::store_candidates("", "emulator", config::Environment::of_process(), warnings);
  const auto* usable = config::first_usable(candidates, config::HostFacts::of_process());
  return usable == nullptr ? std::string() : usable->path;
}

Result<void> complete(Options& options, bool has_control_port) {
  for (const std::string& spec : options.faults) {
    auto fault = parse_fault(spec);
    if (!fault) return std::move(fault).error();
    options.settings.faults.push_back(std::move(*fault));
  }
  // Beside a port of the user's own, theirs might be taken by another emulator.
  const bool usual = options.settings.port == default_port;
  options.settings.otlp_port = options.otlp_port;
  if (!options.otlp_port && usual) options.settings.otlp_port = default_otlp_port;
  if (has_control_port) options.settings.control_port = options.control_port;
  if (options.no_https) return {};
  options.settings.https_port = options.https_port;
  std::string& directory = options.settings.certificate_directory;
  if (directory.empty()) directory = default_certificate_directory();
  if (directory.empty()) {
    return Error(ErrorCode::invalid_argument,
                 "no directory for the certificate: neither XDG_STATE_HOME nor HOME is set; give "
                 "--cert-dir DIR or --no-https");
  }
  return {};
}

ExitCode fail(const Error& error) {
  complain(name, error.message());
  return exit_code_of(error);
}

ExitCode serve(Options& options, bool has_control_port) {
  if (auto completed = complete(options, has_control_port); !completed) {
    return fail(completed.error());
  }
  auto emulator = Emulator::start(std::move(options.settings), system_clock());
  if (!emulator) return fail(emulator.error());
  (*emulator)->stop_on_signals();
  const EmulatorAddress& address = (*emulator)->address();
  const std::string ready = address.to_json() + '\n';
  if (!options.ready_file.empty()) {
    if (auto written = replace_text_file(options.ready_file, ready); !written) {
      return fail(written.error());
    }
  }
  std::fwrite(ready.data(), 1, ready.size(), stdout);
  std::fflush(stdout);
  if (address.https != 0) {
    complain(name, "HTTPS clients must trust " + address.ca_path +
                       " (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS)");
  }
  (*emulator)->run();
  complain(name, "stopped; " + (*emulator)->summary());
  return (*emulator)->failed_writes() == 0 ? ExitCode::ok : ExitCode::environment;
}

void add_options(CLI::App& command, Options& options) {
  EmulatorSettings& settings = options.settings;
  command.add_option("--bind", options.host, "Only 127.0.0.1 is allowed")
      ->check(CLI::IsMember({"127.0.0.1"}));
  command.add_option("--port", settings.port, "HTTP port; 0: any free one")->capture_default_str();
  command.add_option("--https-port", options.https_port, "HTTPS port; 0: any free one")
      ->capture_default_str();
  command.add_flag("--no-https", options.no_https, "No HTTPS port and no certificate");
  command.add_option("--otlp-port", options.otlp_port,
                     "A port of its own for OTLP/HTTP, which the HTTP port takes too; 0: any free "
                     "one (default: 4318 beside the default --port, else none)");
  command.add_option("--cert-dir", settings.certificate_directory,
                     "Where the certificate authority lives, made on the first run "
                     "(default: posthaste/emulator in $XDG_STATE_HOME or ~/.local/state)");
  command.add_option("--host", settings.hosts,
                     "Also serve requests that name this host (repeatable)");
  command.add_option("--ready-file", options.ready_file,
                     "Write the ready line to this file too, once the ports are open");
  command.add_option("--record", settings.record_path,
                     "Append each accepted item as one line of JSON");
  command.add_option("--record-ids", settings.record_ids_path,
                     "Append type, operation id and id of each accepted item");
  command
      .add_option("--track-ids", settings.most_ids,
                  "Ids to remember for finding duplicates, 8 bytes and a bit each")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, std::size_t{1'000'000'000}));
  command.add_flag("--bare", settings.bare, "Count lines, check and record nothing");
  command.add_option("--fault", options.faults, "Do this wrong (repeatable); grammar below");
}

}  // namespace

void add_emulator_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const command = application.add_subcommand(
      std::string(name), "A local Application Insights ingestion endpoint on 127.0.0.1");
  auto options = std::make_shared<Options>();
  options->settings.port = default_port;
  add_options(*command, *options);
  CLI::Option* const control_port = command->add_option(
      "--control-port", options->control_port,
      "A port of its own for /control/, which faults never touch; 0: any free one");
  command->footer(
      "When the ports are open, one line of JSON on stdout tells them, the CA file and a\n"
      "connection string. SIGTERM ends it; the summary goes to stderr.\n\n"
      "Control: GET /control/summary, /control/operations, /control/fault;\n"
      "PUT, POST, DELETE /control/fault; POST /control/flush, /control/reset.\n\n" +
      std::string(fault_grammar) + "\n\n" + std::string(exit_code_table));
  command->callback([options, control_port, &exit_code] {
    exit_code = serve(*options, control_port->count() > 0);
  });
}

}  // namespace posthaste::tools

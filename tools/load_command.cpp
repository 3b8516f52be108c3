#include "tools/command.h"

#include "tools/load/load.h"
#include "tools/text_file.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

namespace posthaste::tools {
namespace {

constexpr std::string_view name = "load";

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void request_stop(int) {
  stop_requested = true;
}

struct Options {
  LoadOptions load;
  std::uint64_t records = 0;
  double duration = 0;
  std::string profile = "flat";
  AzureMonitor output;
  std::string store;
  bool no_store = false;
  std::uint64_t budget = 0;
  double shutdown_deadline = 5;
  double linger = 0;
  std::string report_path;
};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

LoadOptions complete(const Options& options) {
  LoadOptions load = options.load;
  if (options.records > 0) load.records = options.records;
  if (options.duration > 0) load.duration = milliseconds(options.duration);
  if (!load.records && !load.duration) load.records = 0;  // e.g. to send what was left behind
  load.profile = *profile_of(options.profile);
  load.linger = milliseconds(options.linger);
  load.shutdown_deadline = milliseconds(options.shutdown_deadline);
  Settings& settings = load.settings;
  if (settings.service_name.empty()) settings.service_name = "posthaste-load";
  if (!options.output.connection_string.empty() || !options.output.ca_file.empty()) {
    settings.outputs = {options.output};
  }
  settings.metrics.performance_counters = false;  // the account is of what was recorded here
  settings.metrics.standard_metrics = false;      // likewise
  settings.metrics.self_metrics = false;          // likewise, whatever the environment says
  settings.store.directory = options.store;
  if (options.no_store) settings.store.enabled = false;
  if (options.budget > 0) settings.arena_size = Bytes{options.budget};
  settings.shutdown_deadline = load.shutdown_deadline;
  return load;
}

void show(const LoadProgress& progress, bool terminal) {
  std::uint64_t delivered = 0;
  std::uint64_t stored = 0;
  for (const OutputLedger& output : progress.ledger.outputs) {
    delivered += output.delivered;
    stored += output.in_store;
  }
  std::fprintf(stderr, "%s%6.1f s: %llu recorded, %llu refused, %llu delivered, %llu stored%s",
               terminal ? "\r" : "", progress.elapsed.count(),
               static_cast<unsigned long long>(progress.recorded),
               static_cast<unsigned long long>(progress.ledger.refused.total()),
               static_cast<unsigned long long>(delivered), static_cast<unsigned long long>(stored),
               terminal ? "   " : "\n");
}

ExitCode run(const Options& options) {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto report =
      run_load(complete(options), stop_requested,
               [terminal](const LoadProgress& progress) { show(progress, terminal); });
  if (terminal) std::fputc('\n', stderr);
  if (!report) {
    complain(name, report.error().message());
    return exit_code_of(report.error());
  }
  const std::string text = report->to_json();
  if (options.report_path.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else if (auto written = replace_text_file(options.report_path, text); !written) {
    complain(name, written.error().message());
    return exit_code_of(written.error());
  }
  if (!report->law_holds()) complain(name, "the ledger does not close");
  return report->nothing_lost() && report->ids_lost == 0 ? ExitCode::ok : ExitCode::not_so;
}

void add_load_options(CLI::App& command, Options& options) {
  LoadOptions& load = options.load;
  command.add_option("--threads", load.threads, "Producers")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  command.add_option("--rate", load.rate, "Spans and logs a second, all threads; 0: no limit")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e9));
  CLI::Option* const spans =
      command.add_option("--spans", options.records, "Spans and logs to record");
  command.add_option("--duration", options.duration, "Seconds to record for")
      ->excludes(spans)
      ->check(CLI::Range(0.0, 1e7));
  command.add_option("--profile", options.profile, "flat, request, log, mixed or metric")
      ->capture_default_str()
      ->check(CLI::IsMember({"flat", "request", "log", "mixed", "metric"}));
  command.add_option("--attributes", load.attributes, "Attributes on each span and log")
      ->capture_default_str()
      ->check(CLI::Range(0, 128));
  command
      .add_option("--thread-turns", load.turns_per_thread,
                  "Let a new thread take over after so many turns; 0: never")
      ->capture_default_str();
  command.add_option("--ids", load.ids_path,
                     "Write each span's trace and span id here, once its end() returned");
}

void add_runtime_options(CLI::App& command, Options& options) {
  Settings& settings = options.load.settings;
  command.add_option("--connection-string", options.output.connection_string,
                     "Where to (default: APPLICATIONINSIGHTS_CONNECTION_STRING)");
  command.add_option("--ca-file", options.output.ca_file,
                     "Authorities (PEM) to trust besides the system's");
  CLI::Option* const store =
      command.add_option("--store", options.store, "The offline store's directory, absolute");
  command.add_flag("--no-store", options.no_store, "No offline store")->excludes(store);
  command.add_option("--arena-dir", settings.arena_dir, "The flight recorder's directory");
  command.add_option("--service-name", settings.service_name, "The service to appear as");
  command.add_option("--budget", options.budget, "Memory budget, e.g. 32MiB")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--linger", options.linger,
                     "Seconds to wait for everything to be delivered before the shutdown");
  command.add_option("--shutdown-deadline", options.shutdown_deadline, "Seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 600.0));
  command.add_option("--report", options.report_path,
                     "Write the JSON report here instead of stdout");
}

}  // namespace

void add_load_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const command = application.add_subcommand(
      std::string(name), "Record spans and logs at a rate, and report what became of them");
  auto options = std::make_shared<Options>();
  add_load_options(*command, *options);
  add_runtime_options(*command, *options);
  command->footer(
      "Without --spans and --duration nothing is recorded: telemetry starts, sends what an\n"
      "earlier run left behind (--linger), and shuts down.\n\n"
      "The exit code is 0 when every accepted record was delivered or stored.\n\n" +
      std::string(exit_code_table));
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace posthaste::tools

#include "tools/command.h"

#include "tools/store/drain.h"
#include "tools/store/listing.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace posthaste::tools {
namespace {

constexpr std::string_view name = "store";

struct Options {
  std::string directory;
  bool json = false;
  DrainOptions drain;
};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string absolute(const std::string& directory) {
  std::error_code error;
  std::string path = std::filesystem::absolute(directory, error).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

ExitCode fail(const Error& error) {
  complain(name, error.message());
  return exit_code_of(error);
}

ExitCode list(const Options& options) {
  const auto listing = list_store(absolute(options.directory));
  if (!listing) return fail(listing.error());
  print(options.json ? to_json(*listing) : to_table(*listing));
  if (listing->inspection.good()) return ExitCode::ok;
  if (!options.json) complain(name, "not whole: try `posthaste store verify`");
  return ExitCode::not_so;
}

ExitCode verify(const Options& options) {
  const auto listing = list_store(absolute(options.directory));
  if (!listing) return fail(listing.error());
  print(options.json ? to_json(*listing) : to_verdict(*listing));
  return listing->inspection.good() ? ExitCode::ok : ExitCode::not_so;
}

ExitCode drain(Options options) {
  options.drain.directory = absolute(options.directory);
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto report = drain_store(options.drain, [terminal](const DrainReport& so_far) {
    if (terminal)
      std::fprintf(stderr, "\rsent %llu items ",
                   static_cast<unsigned long long>(so_far.items_accepted));
  });
  if (terminal) std::fputc('\n', stderr);
  if (!report) return fail(report.error());
  print(options.json ? report->to_json() : report->to_text());
  if (!report->stopped_by.empty()) return ExitCode::environment;
  return report->complete() ? ExitCode::ok : ExitCode::not_so;
}

CLI::App* add(CLI::App& store, const char* verb, const char* description, Options& options) {
  CLI::App* const command = store.add_subcommand(verb, description);
  command->add_option("DIR", options.directory, "The store's directory, with data.mdb in it")
      ->required();
  command->add_flag("--json", options.json, "Print the report as JSON");
  command->footer(std::string(exit_code_table));
  return command;
}

}  // namespace

void add_store_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const store = application.add_subcommand(
      std::string(name), "Look at, check or empty an offline store that no process owns");
  store->require_subcommand(1);
  store->footer(std::string(exit_code_table));
  auto options = std::make_shared<Options>();
  add(*store, "ls", "List the stored batches", *options)->callback([options, &exit_code] {
    exit_code = list(*options);
  });
  add(*store, "verify", "Check every page and every batch", *options)
      ->callback([options, &exit_code] { exit_code = verify(*options); });
  CLI::App* const drainer =
      add(*store, "drain", "Send what is stored, and forget what was accepted", *options);
  drainer
      ->add_option("--connection-string", options->drain.connection_string,
                   "Where to; batches of other endpoints or keys stay")
      ->required()
      ->envname("APPLICATIONINSIGHTS_CONNECTION_STRING");
  drainer->add_option("--ca-file", options->drain.ca_file,
                      "Authorities (PEM) to trust besides the system's");
  drainer->add_flag("--all-queues", options->drain.all_queues,
                    "Send batches of other endpoints and keys there too");
  drainer->callback([options, &exit_code] { exit_code = drain(*options); });
}

}  // namespace posthaste::tools

/// The `posthaste` command. Each subcommand has a file of its own; this one joins them.

#include "tools/command.h"

#include <csignal>
#include <exception>
#include <string>

namespace {

/// The subcommand that was being read: "store ls"; empty: none yet.
std::string path_of(const CLI::App& command) {
  std::string path;
  const CLI::App* at = &command;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path.append(path.empty() ? "" : " ").append(at->get_name());
  }
  return path;
}

const CLI::App& innermost(const CLI::App& command) {
  const CLI::App* at = &command;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// What is wrong with the command line, where, and whom to ask, in one line.
std::string complaint_of(const CLI::App& application, const CLI::ParseError& error) {
  const CLI::App& command = innermost(application);
  const auto offered = command.get_subcommands([](const CLI::App*) { return true; });
  std::string text = error.what();
  if (!offered.empty() && command.get_subcommands().empty()) {
    const std::vector<std::string> left = command.remaining();
    text = left.empty() ? "a subcommand is needed" : '"' + left.front() + "\" is no subcommand";
    text.append(": ");
    for (const CLI::App* const each : offered) {
      text.append(each == offered.front() ? "" : ", ").append(each->get_name());
    }
  }
  const std::string path = path_of(application);
  return text.append("; see `posthaste ")
      .append(path)
      .append(path.empty() ? "" : " ")
      .append("--help`");
}

int run(int argc, char** argv) {
  using namespace posthaste::tools;
  CLI::App application("Posthaste: telemetry for C++ servers, and the tools to try it with",
                       "posthaste");
  application.footer(std::string(exit_code_table));
  application.set_version_flag("--version", "posthaste " POSTHASTE_VERSION);
  application.require_subcommand(1);
  ExitCode exit_code = ExitCode::ok;
  add_convert_command(application, exit_code);
  add_emulator_command(application, exit_code);
  add_explain_command(application, exit_code);
  add_load_command(application, exit_code);
  add_settings_command(application, exit_code);
  add_store_command(application, exit_code);
  add_verify_command(application, exit_code);
  try {
    application.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    if (asked) {
      application.exit(error);  // prints the help or the version
      return static_cast<int>(ExitCode::ok);
    }
    complain(path_of(application), complaint_of(application, error));
    return static_cast<int>(ExitCode::wrong_usage);
  }
  return static_cast<int>(exit_code);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `posthaste ... | head` and clients that go away
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    posthaste::tools::complain("", error.what());
    return static_cast<int>(posthaste::tools::ExitCode::environment);
  }
}

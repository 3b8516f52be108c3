/// The `posthaste` command. Each subcommand has a file of its own; this one joins them.

#include "tools/command.h"

#include <csignal>
#include <cstdio>
#include <exception>

namespace {

int run(int argc, char** argv) {
  using namespace posthaste::tools;
  CLI::App application("Posthaste: telemetry for C++ servers, and the tools to try it with");
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
    application.exit(error);  // prints the help or the complaint
    return static_cast<int>(asked ? ExitCode::ok : ExitCode::wrong_usage);
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

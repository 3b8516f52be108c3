#pragma once

/// How a subcommand joins the `posthaste` command: it adds itself to the CLI11 application, and
/// its callback leaves its outcome in `exit_code`. Data goes to stdout, everything else to stderr.

#include "tools/exit_code.h"

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>

#include <CLI/CLI.hpp>

#include <string_view>

namespace posthaste::tools {

void add_convert_command(CLI::App& application, ExitCode& exit_code);
void add_explain_command(CLI::App& application, ExitCode& exit_code);
void add_emulator_command(CLI::App& application, ExitCode& exit_code);
void add_settings_command(CLI::App& application, ExitCode& exit_code);
void add_store_command(CLI::App& application, ExitCode& exit_code);
void add_load_command(CLI::App& application, ExitCode& exit_code);
void add_verify_command(CLI::App& application, ExitCode& exit_code);

/// One line on stderr: "posthaste <command>: <text>"; without a command "posthaste: <text>".
void complain(std::string_view command, std::string_view text);

/// Likewise: "posthaste <command>: warn PH-SET-101: <message>".
void complain(std::string_view command, const Diagnostic& diagnostic);

/// wrong_usage for what the caller wrote, environment for what the machine did not give.
ExitCode exit_code_of(const Error& error);

}  // namespace posthaste::tools

#pragma once

/// The exit codes of the `posthaste` command: one table for the code, --help and the documents.

#include <string_view>

namespace posthaste::tools {

enum class ExitCode : int {
  ok = 0,
  not_so = 1,       // the thing that was asked about is not so; the input is malformed
  wrong_usage = 2,  // the command line, or a fault or connection string on it
  environment = 3,  // a port, a file, the network or the store did not do its part
};

inline constexpr std::string_view exit_code_table =
    "Exit codes:\n"
    "  0  ok\n"
    "  1  what was asked about is not so (a damaged store, items that were not delivered,\n"
    "     malformed input)\n"
    "  2  wrong usage\n"
    "  3  a port, a file, the network or the store failed\n";

}  // namespace posthaste::tools

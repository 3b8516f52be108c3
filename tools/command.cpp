#include "tools/command.h"

#include <cstdio>
#include <string>

namespace posthaste::tools {

void complain(std::string_view command, std::string_view text) {
  const std::string line = "posthaste " + std::string(command) + ": " + std::string(text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitCode exit_code_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_setting:
    case ErrorCode::invalid_connection_string: return ExitCode::wrong_usage;
    default: return ExitCode::environment;
  }
}

}  // namespace posthaste::tools

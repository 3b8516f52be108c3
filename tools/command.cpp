#include "tools/command.h"

#include <cstdio>
#include <string>

namespace posthaste::tools {

void complain(std::string_view command, std::string_view text) {
  std::string line = "posthaste";
  if (!command.empty()) line.append(" ").append(command);
  line.append(": ").append(text).append("\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void complain(std::string_view command, const Diagnostic& diagnostic) {
  std::string text(to_string(diagnostic.severity));
  text.append(" ").append(to_string(diagnostic.code)).append(": ").append(diagnostic.message);
  complain(command, text);
}

ExitCode exit_code_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_setting:
    case ErrorCode::no_output:
    case ErrorCode::invalid_connection_string: return ExitCode::wrong_usage;
    default: return ExitCode::environment;
  }
}

}  // namespace posthaste::tools

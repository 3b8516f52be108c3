/// `posthaste explain`: what a diagnostic means and what to do, out of the table that names them all.

#include "tools/command.h"

#include "runtime/base/diagnostic_codes.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

namespace posthaste::tools {
namespace {

constexpr std::string_view name = "explain";

std::string number_of(const DiagnosticExplanation& row) {
  return std::to_string(static_cast<unsigned>(row.code));
}

/// As it stands in a line ("PH-SET-101"), by its number, or by its name in DiagnosticCode.
bool is_asked_for(const DiagnosticExplanation& row, std::string_view asked) {
  return config::equal_ignoring_case(row.name, asked) || row.enumerator == asked ||
         number_of(row) == asked;
}

std::string line_of(const DiagnosticExplanation& row) {
  return std::string(row.name).append("  ").append(row.enumerator).append("\n");
}

std::string explanation_of(const DiagnosticExplanation& row) {
  std::string text = line_of(row);
  text.append("  What:  ").append(row.meaning);
  text.append("\n  Mend:  ").append(row.mend);
  text.append("\n  Shown: ");
  text.append(row.rated ? "at most once in 30 s" : "each time");
  return text.append("; more in docs/troubleshooting.md\n");
}

ExitCode explain(const std::string& asked) {
  const auto rows = diagnostic_explanations();
  std::string text;
  if (asked.empty()) {
    for (const DiagnosticExplanation& row : rows) text += line_of(row);
  } else {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const auto& row) { return is_asked_for(row, asked); });
    if (found == rows.end()) {
      complain(name, config::quoted(asked) +
                         " is no diagnostic code; `posthaste explain` lists them all");
      return ExitCode::wrong_usage;
    }
    text = explanation_of(*found);
  }
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? ExitCode::ok
                                                                         : ExitCode::environment;
}

}  // namespace

void add_explain_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const command =
      application.add_subcommand(std::string(name), "Say what a diagnostic code means");
  const auto asked = std::make_shared<std::string>();
  command->add_option("code", *asked, "Such as PH-SET-101, or 101; none: lists them all");
  command->footer("Exit codes: 0 ok; 2 there is no such code.");
  command->callback([asked, &exit_code] { exit_code = explain(*asked); });
}

}  // namespace posthaste::tools

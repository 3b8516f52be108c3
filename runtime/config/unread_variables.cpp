#include "runtime/config/unread_variables.h"

#include "runtime/config/environment.h"
#include "runtime/config/text.h"

#include <utility>

namespace posthaste::config {
namespace {

constexpr UnreadVariables rows[] = {
#define POSTHASTE_UNREAD(names, when_set, why, mend) {names, WhenSet::when_set, why, mend},
#include "runtime/config/unread_variables.def"
#undef POSTHASTE_UNREAD
};

}  // namespace

std::span<const UnreadVariables> unread_variables() noexcept {
  return rows;
}

std::vector<std::string> names_of(const UnreadVariables& row) {
  std::vector<std::string> names;
  for (const std::string_view pattern : split(row.names, ' ')) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) {
      names.emplace_back(pattern);
      continue;
    }
    for (const std::string_view signal : {"", "TRACES_", "METRICS_", "LOGS_"}) {
      names.push_back(std::string(pattern).replace(star, 1, signal));
    }
  }
  return names;
}

void warn_of_unread_variables(const Environment& environment, std::vector<Diagnostic>& warnings) {
  for (const UnreadVariables& row : unread_variables()) {
    if (row.when_set == WhenSet::silent) continue;
    for (std::string& name : names_of(row)) {
      if (!environment.get(name)) continue;
      std::string message = std::move(name);
      message.append(" is not read: ").append(row.why).append("; ").append(row.mend);
      warnings.push_back({.severity = Severity::warn,
                          .code = DiagnosticCode::environment_ignored,
                          .message = std::move(message)});
    }
  }
}

}  // namespace posthaste::config

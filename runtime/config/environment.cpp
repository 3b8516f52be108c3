#include "runtime/config/environment.h"

#include "runtime/config/detectors.h"
#include "runtime/config/settings_table.h"
#include "runtime/config/text.h"

#include <cstdlib>
#include <utility>

namespace posthaste::config {

Environment Environment::of_process() {
  Variables variables;
  for (const SettingRow& row : settings_table()) {
    for (const std::string_view name : environment_names(row)) {
      std::string key(name);
      const char* const value = std::getenv(key.c_str());
      if (value != nullptr) variables.emplace(std::move(key), value);
    }
  }
  for (const std::string_view name : detector_variables()) {
    std::string key(name);
    const char* const value = std::getenv(key.c_str());
    if (value != nullptr) variables.emplace(std::move(key), value);
  }
  return Environment(std::move(variables));
}

Environment::Environment(Variables variables) : variables_(std::move(variables)) {}

std::optional<std::string_view> Environment::get(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  const std::string_view value = trimmed(found->second);
  if (value.empty()) return std::nullopt;
  return value;
}

}  // namespace posthaste::config

#include "runtime/config/environment.h"

#include "runtime/config/detectors.h"
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

std::optional<Given> Environment::in_file(SettingId id) const {
  const SettingsFile::Entry* const entry = file_.find(id);
  if (entry == nullptr) return std::nullopt;
  const std::string_view text = trimmed(entry->text);
  if (text.empty()) return std::nullopt;
  return Given{text, Origin::file, file_.place(entry->line) + ": " + file_key(row_of(id))};
}

std::optional<Given> Environment::find(SettingId id) const {
  for (const std::string_view name : environment_names(row_of(id))) {
    if (const auto text = get(name)) return Given{*text, Origin::environment, std::string(name)};
  }
  return in_file(id);
}

}  // namespace posthaste::config

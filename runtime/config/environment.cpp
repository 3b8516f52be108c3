#include "runtime/config/environment.h"

#include "runtime/config/detectors.h"
#include "runtime/config/text.h"
#include "runtime/config/unread_variables.h"

#include <cstdlib>
#include <utility>

namespace posthaste::config {

Environment Environment::of_process() {
  Variables variables;
  const auto copy = [&](std::string key) {
    const char* const value = std::getenv(key.c_str());
    if (value != nullptr) variables.emplace(std::move(key), value);
  };
  for (const SettingRow& row : settings_table()) {
    for (const std::string_view name : environment_names(row)) copy(std::string(name));
  }
  for (const UnreadVariables& row : unread_variables()) {
    for (std::string& name : names_of(row)) copy(std::move(name));
  }
  for (const std::string_view name : detector_variables()) copy(std::string(name));
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

std::vector<Given> Environment::all(SettingId id) const {
  std::vector<Given> given;
  for (const std::string_view name : environment_names(row_of(id))) {
    if (const auto text = get(name)) {
      given.push_back({*text, Origin::environment, std::string(name)});
    }
  }
  if (auto last = in_file(id)) given.push_back(std::move(*last));
  return given;
}

std::optional<Given> Environment::find(SettingId id) const {
  auto given = all(id);
  return given.empty() ? std::nullopt : std::optional(std::move(given.front()));
}

}  // namespace posthaste::config

#pragma once

/// What the program is told from outside: the environment variables that Posthaste knows, copied
/// once when telemetry starts, and the settings file below them. Everything else reads this copy;
/// environment.cpp is the only file that reads the process's own.
///
/// Threads: of_process() must not run while another thread changes the environment (setenv is not
/// safe beside any reader); the copy is an ordinary value.

#include "runtime/config/settings_file.h"
#include "runtime/config/settings_table.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace posthaste::config {

enum class Origin : std::uint8_t { default_value, file, environment, code };

/// A value from outside, not looked into yet.
struct Given {
  std::string_view text;  // of the Environment that gave it
  Origin origin = Origin::environment;
  std::string source;  // "OTEL_SERVICE_NAME", or "/etc/orders.toml:3: service_name"
};

class Environment {
public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  /// The variables of the settings table, of those that are not read, and of the resource
  /// detectors, as they are now.
  static Environment of_process();
  /// These and no others.
  explicit Environment(Variables variables = {});

  /// The value without blanks around it. As OpenTelemetry has it, an empty one counts as unset.
  std::optional<std::string_view> get(std::string_view name) const;

  /// From now on below the variables.
  void add_file(SettingsFile file) { file_ = std::move(file); }
  /// The setting as the file has it; there too an empty text counts as unset.
  std::optional<Given> in_file(SettingId id) const;
  /// What the setting's variables say, highest precedence first, then what the file says.
  std::vector<Given> all(SettingId id) const;
  /// The first of these.
  std::optional<Given> find(SettingId id) const;

private:
  Variables variables_;
  SettingsFile file_;
};

}  // namespace posthaste::config

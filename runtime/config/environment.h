#pragma once

/// The environment variables that Posthaste knows, copied once when telemetry starts. Everything
/// else reads this copy; environment.cpp is the only file that reads the process's own.
///
/// Threads: of_process() must not run while another thread changes the environment (setenv is not
/// safe beside any reader); the copy is an ordinary value.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::config {

class Environment {
public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  /// The variables of the settings table and of the resource detectors, as they are now.
  static Environment of_process();
  /// These and no others.
  explicit Environment(Variables variables = {});

  /// The value without blanks around it. As OpenTelemetry has it, an empty one counts as unset.
  std::optional<std::string_view> get(std::string_view name) const;

private:
  Variables variables_;
};

}  // namespace posthaste::config

#pragma once

/// finalize() in a made-up process: its environment and machine are what the test says.

#include "runtime/config/final_settings.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace posthaste::config::testing_support {

inline constexpr const char* canary_key = "c0ffee00-1111-2222-3333-44445555cafe";
inline const std::string canary_string = std::string("InstrumentationKey=") + canary_key;

struct MadeUpProcess {
  Environment::Variables variables{{"APPLICATIONINSIGHTS_CONNECTION_STRING", canary_string}};
  std::vector<std::string> writable{"/var/lib", "/home/u", "/state", "/xdg"};  // and all below
  std::map<std::string, std::string> files = {};  // that can be read as a whole
  std::vector<Diagnostic> warnings = {};          // of the last finalize()

  HostFacts host() const {
    return {.host_name = "host-1",
            .executable = "server",
            .process_id = 4711,
            .read_whole_file = [this](const std::string& path,
                                      std::size_t most) -> Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end()) return Error(ErrorCode::invalid_setting, "No such file");
              return found->second.substr(0, most + 1);
            },
            .can_hold_directory =
                [this](const std::string& path) {
                  for (const std::string& root : writable) {
                    if (path.starts_with(root)) return true;
                  }
                  return false;
                }};
  }

  Result<FinalSettings> finalize(const Settings& settings = {}) {
    warnings.clear();
    return config::finalize(settings, Environment(variables), warnings, host());
  }

  /// With this as the settings file.
  Result<FinalSettings> finalize_with_file(std::string text, const Settings& settings = {}) {
    files["/etc/a.toml"] = std::move(text);
    variables["POSTHASTE_CONFIG_FILE"] = "/etc/a.toml";
    return finalize(settings);
  }

  /// The messages of the last finalize(), one a line.
  std::string warned() const {
    std::string all;
    for (const Diagnostic& warning : warnings) all += warning.message + '\n';
    return all;
  }
};

inline std::string shown(const FinalSettings& settings, SettingId id) {
  const ResolvedSetting& setting = settings.resolved()[static_cast<std::size_t>(id)];
  return setting.value + " (" + std::string(to_string(setting.origin)) + ')';
}

}  // namespace posthaste::config::testing_support

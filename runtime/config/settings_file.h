#pragma once

/// The settings file: TOML, with the names of the settings table as dotted keys. It stands below the
/// environment: what it says is kept as text, in the form in which the environment would say it, so
/// that one parser reads both.
///
///   service_name = "orders"
///   batch.delay = 2000
///   [resource_attributes]
///   deployment.environment.name = "production"
///
/// Threads: an ordinary value. Blocking: none; whoever has the text read the file.
/// Limits: 1 MiB. Errors: a file that is not TOML is left out as a whole; a key that is no setting,
/// or a value of the wrong type, alone: one warning each, with file and line.

#include "runtime/config/settings_table.h"

#include <posthaste/diagnostics.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

class SettingsFile {
public:
  static constexpr std::size_t most_bytes = 1024 * 1024;
  static constexpr std::size_t most_warnings = 16;  // then one that counts the others

  struct Entry {
    SettingId id;
    std::string text;  // may hold a secret
    std::uint32_t line;
  };

  SettingsFile() = default;
  /// `path` is for messages alone.
  static SettingsFile parse(std::string path, std::string_view text,
                            std::vector<Diagnostic>& warnings);

  const std::vector<Entry>& entries() const noexcept { return entries_; }
  const Entry* find(SettingId id) const noexcept;
  /// "/etc/orders.toml:12".
  std::string place(std::uint32_t line) const;

private:
  std::string path_;
  std::vector<Entry> entries_;  // each setting at most once
};

}  // namespace posthaste::config

#pragma once

/// The table of settings (settings.def) as data. Read by the resolver (how to read the environment,
/// what is in range), by Environment (which variables to copy) and by tools/settings_doc.cpp.
/// Constant; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

enum class SettingId : std::uint8_t {
#define POSTHASTE_SETTING(id, ...) id,
#include "runtime/config/settings.def"
#undef POSTHASTE_SETTING
};

enum class SettingKind : std::uint8_t {
  text,
  path,
  list,
  choice,
  ratio,
  callback,  // code only
  boolean,
  count,
  milliseconds,
  bytes,
};

enum class Ruler : std::uint8_t { behaviour, performance };

/// How several environment variables of one setting make one value; settings.def says it in full.
enum class Combine : std::uint8_t { first, smaller, smaller_nonzero };

struct SettingRow {
  SettingId id;
  std::string_view name;  // as in Settings
  Ruler ruler;
  SettingKind kind;
  std::string_view environment;  // names, a blank between two; empty: code only
  Combine combine;
  std::uint64_t default_number;
  std::string_view default_text;  // what docs say, where the number alone does not say it
  std::uint64_t minimum;
  std::uint64_t maximum;
  std::string_view unit;
  std::string_view scope;
  std::string_view zero;  // what zero means; empty: nothing special, or not in range
  std::string_view meaning;
  std::string_view cost;

  bool is_number() const noexcept { return kind >= SettingKind::boolean; }
};

std::span<const SettingRow> settings_table() noexcept;
const SettingRow& row_of(SettingId id) noexcept;

/// The variables of one row, highest precedence first.
std::vector<std::string_view> environment_names(const SettingRow& row);

/// What it is called in the settings file: "batch.size", "azure_monitor.proxy"; empty: it cannot be
/// set there.
std::string file_key(const SettingRow& row);

/// "1 to 10000 items", "0 to 600000 ms": the range of a number, for docs and messages.
std::string range_text(const SettingRow& row);
/// "512 items", "50 MiB", "follow"; empty where nothing is the default.
std::string default_of(const SettingRow& row);

}  // namespace posthaste::config

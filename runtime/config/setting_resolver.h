#pragma once

/// Finds the value of each setting: code over environment over file over default, checked by the row of the
/// settings table, and remembers where it came from. Used by finalize() alone, on one thread.
///
/// A wrong value in code is an error (the first one is kept); one in environment or file is a
/// warning, and the next source in line is used.

#include "runtime/config/environment.h"
#include "runtime/config/settings_table.h"

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace posthaste::config {

std::string_view to_string(Origin origin) noexcept;

struct ResolvedSetting {
  SettingId id;
  std::string value;  // for people; secrets masked
  Origin origin;
  std::string source = {};  // the variable, or the file and its line; empty: not one alone
};

class SettingResolver {
public:
  SettingResolver(const Environment& environment, std::vector<Diagnostic>& warnings);

  /// A number in the unit of its row.
  std::uint64_t number(SettingId id, std::optional<std::uint64_t> code);
  std::uint32_t count(SettingId id, std::optional<std::uint32_t> code);
  std::chrono::milliseconds duration(SettingId id, std::optional<std::chrono::milliseconds> code);
  bool flag(SettingId id, std::optional<bool> code);

  /// Of file or default alone.
  bool flag_in_file(SettingId id);

  /// The first value outside of code that `parse` takes (text -> std::optional), remembered as
  /// `show` writes it; those before it are ignored, each with a warning.
  template <class Parse, class Show>
  auto choose(SettingId id, Parse&& parse, Show&& show, std::string_view rule,
              std::string_view mend) -> decltype(parse(std::string_view())) {
    for (const Given& given : environment_.all(id)) {
      if (auto value = parse(given.text)) {
        remember(id, std::string(show(*value)), given);
        return value;
      }
      ignore(given, rule, mend);
    }
    return std::nullopt;
  }

  /// For settings that are read elsewhere.
  void remember(SettingId id, std::string value, Origin origin, std::string source = {});
  void remember(SettingId id, std::string value, const Given& given) {
    remember(id, std::move(value), given.origin, given.source);
  }

  /// Keeps the first: "<name> = <given> (set in code) <rule and mend>".
  void refuse(SettingId id, std::string_view given, std::string_view rule);
  /// "<name>=<given> <rule>; it is ignored; <mend>".
  void ignore(std::string_view variable, std::string_view given, std::string_view rule,
              std::string_view mend);
  void ignore(const Given& given, std::string_view rule, std::string_view mend);
  void ignore_hidden(const Given& given, std::string_view rule, std::string_view mend);
  /// Says that `id` was changed to fit another setting of higher precedence.
  void adapt(SettingId id, std::uint64_t to, std::string_view rule);

  Origin origin(SettingId id) const { return resolved(id).origin; }
  const ResolvedSetting& resolved(SettingId id) const {
    return resolved_[static_cast<std::size_t>(id)];
  }
  const std::optional<Error>& error() const noexcept { return error_; }
  /// In the order of the table.
  std::vector<ResolvedSetting> take() && { return std::move(resolved_); }

private:
  struct Found {
    std::uint64_t value;
    Origin origin;
    std::string source = {};
  };

  void ignore_shown(const Given& given, std::string_view shown_value, std::string_view rule,
                    std::string_view mend);
  void ignore_as(DiagnosticCode code, std::string message, std::string_view given,
                 std::string_view rule, std::string_view mend);
  std::optional<std::uint64_t> read(const SettingRow& row, const Given& given);
  std::optional<std::uint64_t> read_variable(const SettingRow& row, std::string_view variable);
  Found from_file_or_default(const SettingRow& row);
  Found from_environment(const SettingRow& row);
  Found smallest(const SettingRow& row);

  const Environment& environment_;
  std::vector<Diagnostic>& warnings_;
  std::vector<ResolvedSetting> resolved_;  // one for each row, by SettingId
  std::optional<Error> error_;
};

}  // namespace posthaste::config

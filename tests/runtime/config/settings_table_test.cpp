#include "runtime/config/settings_table.h"

#include "runtime/base/utf8.h"
#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing_support::MadeUpProcess;
using testing_support::shown;

TEST(SettingsTable, RowsAreCompleteAndFoundByTheirId) {
  std::set<std::string_view> names;
  for (const SettingRow& row : settings_table()) {
    EXPECT_EQ(&row_of(row.id), &row);
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.meaning.ends_with('.')) << row.name;
    EXPECT_FALSE(row.scope.empty()) << row.name;
    if (!row.is_number()) continue;
    EXPECT_LE(row.minimum, row.default_number) << row.name;
    EXPECT_LE(row.default_number, row.maximum) << row.name;
    if (row.kind == SettingKind::count) {
      EXPECT_LE(row.maximum, UINT32_MAX) << row.name;
    }
  }
}

std::string value_with(const SettingRow& row, std::string_view variable, const std::string& value,
                       MadeUpProcess& process) {
  process = {};
  process.variables[std::string(variable)] = value;
  const auto settings = process.finalize();
  EXPECT_TRUE(settings) << row.name << '=' << value;
  return settings ? shown(*settings, row.id) : "";
}

// Every variable that holds a number: unset, empty, at both ends of its range, and wrong in each
// way.
TEST(SettingsTable, EveryNumberInTheEnvironmentIsReadByItsRow) {
  MadeUpProcess process;
  int checked = 0;
  for (const SettingRow& row : settings_table()) {
    if (!row.is_number() || row.kind == SettingKind::boolean) continue;
    for (const std::string_view variable : environment_names(row)) {
      SCOPED_TRACE(variable);
      ++checked;
      const std::string by_default = default_of(row) + " (default)";
      for (const char* const unset : {"", " \t "}) {
        EXPECT_EQ(value_with(row, variable, unset, process), by_default);
        EXPECT_TRUE(process.warnings.empty());
      }
      // Of two variables the smaller counts, so only what is below the default shows for sure.
      const std::uint64_t good = row.default_number > row.minimum ? row.default_number - 1 : 600;
      EXPECT_EQ(value_with(row, variable, ' ' + std::to_string(good) + ' ', process),
                std::to_string(good) + ' ' + std::string(row.unit) + " (environment)");
      EXPECT_TRUE(process.warnings.empty()) << process.warned();
      for (const std::string& bad : {std::string("-1"), std::string("5s"), std::string("1.5"),
                                     std::string("0x10"), std::string("99999999999999999999"),
                                     std::to_string(row.maximum) + '0', std::string("\xFF\n")}) {
        EXPECT_EQ(value_with(row, variable, bad, process), by_default) << bad;
        ASSERT_EQ(process.warnings.size(), 1u) << bad;
        EXPECT_EQ(process.warnings[0].code, DiagnosticCode::environment_ignored);
        EXPECT_THAT(process.warned(), HasSubstr(std::string(variable) + '='));
        EXPECT_THAT(process.warned(), HasSubstr("it is ignored"));
        EXPECT_TRUE(is_utf8(process.warned()));
      }
      if (row.minimum > 0) {
        value_with(row, variable, std::to_string(row.minimum - 1), process);
        EXPECT_EQ(process.warnings.size(), 1u);
      }
    }
  }
  EXPECT_EQ(checked, 24);
}

}  // namespace
}  // namespace posthaste::config

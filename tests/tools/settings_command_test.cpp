#include "tests/tools/program.h"

#include "runtime/config/settings_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace posthaste::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::run;

struct SettingsCommand : ::testing::Test {
  SettingsCommand() {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
  }
  ~SettingsCommand() override { std::filesystem::remove_all(directory); }

  void write(const std::string& text) const { std::ofstream(file) << text; }

  const std::filesystem::path directory = ::testing::TempDir() + "settings_command";
  const std::string file = directory / "posthaste.toml";
  const std::string connection =
      "InstrumentationKey=c0ffee00-1111-2222-3333-44445555cafe;"
      "IngestionEndpoint=http://127.0.0.1:1/";
};

TEST_F(SettingsCommand, ShowsEverySettingAndWhereItCameFrom) {
  write(
      "batch.size = 100\nmetrics.interval = 1000\nazure_monitor.proxy = 'http://u:hunter2@p:1'\n");
  const Outcome outcome = run({"settings"}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                             {"POSTHASTE_CONFIG_FILE", file},
                                             {"OTEL_SERVICE_NAME", "orders"},
                                             {"OTEL_METRIC_EXPORT_INTERVAL", "2000"},
                                             {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("service_name = orders   [environment: OTEL_SERVICE_NAME]\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("batch.size = 100 items   [file: " + file + ":1: batch.size]\n"));
  EXPECT_THAT(outcome.out, HasSubstr("metrics.interval = 2000 ms   [environment: "
                                     "OTEL_METRIC_EXPORT_INTERVAL]\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("batch.max_waiting = bounded by arena_size alone   [default]"));
  EXPECT_THAT(outcome.out, HasSubstr("[environment: APPLICATIONINSIGHTS_CONNECTION_STRING]\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("44445555")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("hunter2")));
  EXPECT_EQ(static_cast<std::size_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n')),
            config::settings_table().size());
}

TEST_F(SettingsCommand, LeavesOutDefaultsWhenAsked) {
  const Outcome outcome =
      run({"settings", "--given"}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                    {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("[default]")));
  EXPECT_THAT(outcome.out, HasSubstr("connection_string = "));
}

TEST_F(SettingsCommand, EndsWithOneWhenSomethingWasIgnored) {
  write("service_nam = 'x'\n");
  const Outcome outcome =
      run({"settings", "--file", file}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                         {"OTEL_BSP_SCHEDULE_DELAY", "soon"},
                                         {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("posthaste settings: warn PH-SET-110: " + file +
                                     ":1: \"service_nam\" is no setting of the file"));
  EXPECT_THAT(outcome.err, HasSubstr("warn PH-SET-101: OTEL_BSP_SCHEDULE_DELAY=\"soon\""));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2);
  EXPECT_THAT(outcome.out, HasSubstr("batch.delay = 5000 ms   [default]"));
}

TEST_F(SettingsCommand, ShowsTheOthersToWhereNothingWouldStart) {
  const Outcome none = run({"settings"}, {{"OTEL_SERVICE_NAME", "orders"}});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("error PH-SET-102: no output is configured"));
  EXPECT_THAT(none.out, HasSubstr("service_name = orders   [environment"));
  EXPECT_THAT(none.out, HasSubstr("outputs = none   [default]"));

  const Outcome off = run({"settings"}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                         {"OTEL_SDK_DISABLED", "true"},
                                         {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(off.exit_code, 0) << "to be switched off is no mistake";
  EXPECT_THAT(off.err, HasSubstr("info PH-SET-103: telemetry is switched off"));
  EXPECT_THAT(off.out, HasSubstr("disabled = true   [environment"));
}

TEST_F(SettingsCommand, ThatHasAFileThatIsNotThereSaysSo) {
  const Outcome outcome =
      run({"settings", "--file", file}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                         {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be read, No such file or directory"));
}

TEST_F(SettingsCommand, TellsScriptsTheSameInJson) {
  const Outcome outcome =
      run({"settings", "--json", "--given"}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                              {"OTEL_SERVICE_NAME", "orders"},
                                              {"OTEL_BSP_SCHEDULE_DELAY", "soon"},
                                              {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
  EXPECT_THAT(outcome.out,
              HasSubstr(R"({"name":"service_name","value":"orders","origin":"environment",)"
                        R"("source":"OTEL_SERVICE_NAME"})"));
  EXPECT_THAT(outcome.out, HasSubstr(R"({"severity":"warn","code":"PH-SET-101","message":)"));
  EXPECT_THAT(outcome.out, Not(HasSubstr(R"("origin":"default")")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("44445555")));
}

TEST_F(SettingsCommand, SaysThatAProxyCannotBeUsedBeforeAProgramDoes) {
  const Outcome outcome =
      run({"settings", "--given"}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                    {"HTTPS_PROXY", "http://u:hunter2@"},
                                    {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error PH-SET-100: azure_monitor: HTTPS_PROXY \"http://***@\" "
                                     "is not usable: the host is missing"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("hunter2")));
}

TEST_F(SettingsCommand, NamesNoVariableAsOriginThatWasIgnored) {
  const Outcome outcome = run({"settings"}, {{"APPLICATIONINSIGHTS_CONNECTION_STRING", connection},
                                             {"OTEL_RESOURCE_ATTRIBUTES", "team=%zz"},
                                             {"STATE_DIRECTORY", directory.string()}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("OTEL_RESOURCE_ATTRIBUTES has a '%'"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("OTEL_RESOURCE_ATTRIBUTES")));
}

}  // namespace
}  // namespace posthaste::tools

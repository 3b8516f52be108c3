#include "runtime/config/exporters.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace posthaste::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::MadeUpProcess;
using testing_support::shown;

/// "azure_monitor: traces logs", for each output.
std::vector<std::string> ways(const FinalSettings& settings) {
  std::vector<std::string> all;
  for (const FinalOutput& output : settings.outputs()) {
    std::string way = output.name + ':';
    for (const OtlpSignal signal : {OtlpSignal::traces, OtlpSignal::metrics, OtlpSignal::logs}) {
      if (output.takes(signal)) way.append(" ").append(to_string(signal));
    }
    all.push_back(way);
  }
  return all;
}

TEST(Exporters, UnsetLetEverythingThrough) {
  MadeUpProcess process;
  const auto settings = process.finalize({.outputs = {AzureMonitor{}, Console{}}});
  EXPECT_THAT(ways(*settings),
              ElementsAre("azure_monitor: traces metrics logs", "console: traces metrics logs"));
}

TEST(Exporters, FilterWhatIsConfiguredSignalBySignal) {
  MadeUpProcess process;
  process.variables["OTEL_TRACES_EXPORTER"] = "otlp, console";
  process.variables["OTEL_METRICS_EXPORTER"] = "none";
  process.variables["OTEL_LOGS_EXPORTER"] = "azure_monitor";
  const auto settings = process.finalize({.outputs = {AzureMonitor{}, Otlp{}, Console{}}});
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_THAT(ways(*settings),
              ElementsAre("azure_monitor: logs", "otlp.traces: traces", "console: traces"));
  EXPECT_EQ(shown(*settings, SettingId::outputs), "azure_monitor, otlp.traces, console (code)");
}

TEST(Exporters, ConsoleAddsOneForItsSignalsWhereThereIsNone) {
  MadeUpProcess process;
  process.variables["OTEL_LOGS_EXPORTER"] = "console";
  process.variables["OTEL_TRACES_EXPORTER"] = "azure_monitor";
  EXPECT_THAT(ways(*process.finalize()),
              ElementsAre("azure_monitor: traces metrics", "console: metrics logs"));
}

TEST(Exporters, WithoutOutputsInCodeOtlpIsConfiguredByTheEnvironmentAlone) {
  MadeUpProcess process;
  process.variables = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"}};
  auto settings = process.finalize();
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_THAT(ways(*settings),
              ElementsAre("otlp.traces: traces", "otlp.metrics: metrics", "otlp.logs: logs"));
  EXPECT_EQ(settings->outputs()[0].otlp.url, "http://collector:4318/v1/traces");

  process.variables = {{"OTEL_TRACES_EXPORTER", "otlp"}, {"OTEL_METRICS_EXPORTER", "none"}};
  settings = process.finalize();
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_THAT(ways(*settings), ElementsAre("otlp.traces: traces", "otlp.logs: logs"));
}

TEST(Exporters, BothOutputsComeFromTheEnvironment) {
  MadeUpProcess process;
  process.variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://collector:4318/t";
  EXPECT_EQ(process.finalize()->outputs().size(), 4u);
  EXPECT_EQ(process.finalize({.outputs = {Console{}}})->outputs().size(), 1u)
      << "code names its own";
}

TEST(Exporters, NoneOfAllSwitchesTelemetryOff) {
  MadeUpProcess process;
  process.variables["OTEL_TRACES_EXPORTER"] = "none";
  process.variables["OTEL_METRICS_EXPORTER"] = "none";
  EXPECT_THAT(ways(*process.finalize()), ElementsAre("azure_monitor: logs"));
  process.variables["OTEL_LOGS_EXPORTER"] = "none";
  const auto off = process.finalize();
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code(), ErrorCode::disabled);
}

TEST(Exporters, ANameThatIsNotKnownIsLeftOutAloud) {
  MadeUpProcess process;
  process.variables["OTEL_TRACES_EXPORTER"] = "zipkin,azure_monitor";
  EXPECT_THAT(ways(*process.finalize()), ElementsAre("azure_monitor: traces metrics logs"));
  ASSERT_EQ(process.warnings.size(), 1u);
  EXPECT_THAT(process.warned(), HasSubstr("OTEL_TRACES_EXPORTER=\"zipkin,azure_monitor\" holds an "
                                          "exporter that is not supported"));
  process.variables["OTEL_TRACES_EXPORTER"] = "none,azure_monitor";
  EXPECT_THAT(ways(*process.finalize()), ElementsAre("azure_monitor: traces metrics logs"));
  EXPECT_THAT(process.warned(), HasSubstr("holds none beside others"));
}

TEST(Exporters, OutputsThatAllAreHeldBackAreNoOutput) {
  MadeUpProcess process;
  for (const char* const signal : {"TRACES", "METRICS", "LOGS"}) {
    process.variables["OTEL_" + std::string(signal) + "_EXPORTER"] = "azure_monitor";
  }
  const auto none = process.finalize({.outputs = {Otlp{}}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::no_output);
  EXPECT_THAT(none.error().message(), HasSubstr("let none of the outputs take anything"));
}

TEST(Exporters, AnInMemoryOutputIsNeverHeldBack) {
  FinalOutput local;
  local.kind = OutputKind::local;
  EXPECT_TRUE(local.takes(OtlpSignal::traces) && local.takes(OtlpSignal::metrics));
}

}  // namespace
}  // namespace posthaste::config

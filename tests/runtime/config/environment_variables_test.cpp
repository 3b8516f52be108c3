// The variables whose value is no number, each with a right value, none, and a wrong one.
// SettingsTable.EveryNumberInTheEnvironmentIsReadByItsRow has the numbers, and OtlpOutput those of
// the OTLP exporter.

#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing_support::MadeUpProcess;
using testing_support::shown;

struct Case {
  const char* variable;
  SettingId setting;
  const char* right;
  const char* shown_right;
  const char* wrong;  // null: any text is right
};

class EnvironmentVariable : public testing::TestWithParam<Case> {
protected:
  std::string value_with(const char* text) {
    process_ = {};
    process_.variables[GetParam().variable] = text;
    const auto settings = process_.finalize();
    return settings ? shown(*settings, GetParam().setting) : settings.error().message();
  }
  MadeUpProcess process_;
};

TEST_P(EnvironmentVariable, IsReadWhenRightUnsetWhenEmptyAndIgnoredAloudWhenWrong) {
  EXPECT_EQ(value_with(GetParam().right), GetParam().shown_right);
  EXPECT_TRUE(process_.warnings.empty()) << process_.warned();
  process_ = {};
  const auto settings = process_.finalize();
  ASSERT_TRUE(settings);
  const std::string by_default = shown(*settings, GetParam().setting);
  EXPECT_EQ(value_with(""), by_default);
  EXPECT_EQ(value_with(" \t"), by_default);
  EXPECT_TRUE(process_.warnings.empty()) << process_.warned();
  if (GetParam().wrong == nullptr) return;
  EXPECT_EQ(value_with(GetParam().wrong), by_default);
  ASSERT_EQ(process_.warnings.size(), 1u) << process_.warned();
  EXPECT_EQ(process_.warnings[0].code, DiagnosticCode::environment_ignored);
  EXPECT_THAT(process_.warned(), HasSubstr(GetParam().variable));
}

INSTANTIATE_TEST_SUITE_P(
    Each, EnvironmentVariable,
    testing::Values(
        Case{"OTEL_SERVICE_NAME", SettingId::service_name, "orders", "orders (environment)",
             "\xff"},
        Case{"APPLICATIONINSIGHTS_ROLE_NAME", SettingId::service_name, "orders",
             "orders (environment)", "\xff"},
        Case{"APPLICATIONINSIGHTS_ROLE_INSTANCE", SettingId::service_instance_id, "i-1",
             "i-1 (environment)", "\xff"},
        Case{"APPLICATIONINSIGHTS_CLOUD_ROLE_NAME", SettingId::service_name, "orders",
             "orders (environment)", "\xff"},
        Case{"APPLICATIONINSIGHTS_CLOUD_ROLE_INSTANCE", SettingId::service_instance_id, "i-1",
             "i-1 (environment)", "\xff"},
        Case{"APPLICATIONINSIGHTS_COMPONENT_VERSION", SettingId::service_version, "1.2",
             "1.2 (environment)", "\xff"},
        Case{"OTEL_RESOURCE_ATTRIBUTES", SettingId::service_version, "service.version=1%2C2",
             "1,2 (environment)", "service.version"},
        Case{"OTEL_RESOURCE_DETECTORS", SettingId::resource_detectors, "host,os",
             "\"host,os\" (environment)", nullptr},
        Case{"OTEL_LOG_LEVEL", SettingId::diagnostics_level, "WARN", "warn (environment)", "loud"},
        Case{"APPLICATIONINSIGHTS_SELF_DIAGNOSTICS_LEVEL", SettingId::diagnostics_level, "OFF",
             "none (environment)", "loud"},
        Case{"POSTHASTE_DIAGNOSTICS_LOG_FILE", SettingId::diagnostics_log_file, "/var/log/a.log",
             "/var/log/a.log (environment)", "a.log"},
        Case{"OTEL_TRACES_EXPORTER", SettingId::traces_exporter, "Azure_Monitor",
             "\"azure_monitor\" (environment)", "zipkin"},
        Case{"OTEL_METRICS_EXPORTER", SettingId::metrics_exporter, "NONE", "\"none\" (environment)",
             "prometheus"},
        Case{"OTEL_LOGS_EXPORTER", SettingId::logs_exporter, "none", "\"none\" (environment)",
             "stdout"},
        Case{"OTEL_TRACES_SAMPLER", SettingId::sampling, "ALWAYS_OFF", "0 % (environment)", "xray"},
        Case{"APPLICATIONINSIGHTS_SAMPLING_PERCENTAGE", SettingId::sampling, "12.5",
             "12.5 % (environment)", "101"},
        Case{"APPLICATIONINSIGHTS_SAMPLING_REQUESTS_PER_SECOND", SettingId::traces_per_second,
             "0.5", "0.5 traces/s (environment)", "-1"},
        Case{"OTEL_PROPAGATORS", SettingId::propagators, "B3,baggage", "baggage,b3 (environment)",
             "jaeger"},
        Case{"POSTHASTE_OVER_BUDGET", SettingId::over_budget, "Refuse", "refuse (environment)",
             "stop"},
        Case{"APPLICATIONINSIGHTS_INSTRUMENTATION_LOGGING_LEVEL", SettingId::log_minimum_severity,
             "VERBOSE", "trace (environment)", "loud"},
        Case{"OTEL_METRICS_EXEMPLAR_FILTER", SettingId::metric_exemplars, "Always_Off",
             "always_off (environment)", "sometimes"},
        Case{"APPLICATION_INSIGHTS_NO_STANDARD_METRICS", SettingId::standard_metrics, "1",
             "false (environment)", nullptr},
        Case{"POSTHASTE_PERFORMANCE_COUNTERS", SettingId::performance_counters, "False",
             "false (environment)", "no"},
        Case{"POSTHASTE_PROCESS_METRICS", SettingId::process_metrics, "True", "true (environment)",
             "1"},
        Case{"POSTHASTE_SELF_METRICS", SettingId::self_metrics, "TRUE", "true (environment)",
             "yes"},
        Case{"POSTHASTE_DROP", SettingId::drop, "GET /", "1 rules (environment)", "=x"},
        Case{"HTTPS_PROXY", SettingId::proxy, "http://p:1", "set, value hidden (environment)",
             nullptr}),
    [](const auto& each) { return std::string(each.param.variable); });

TEST(EnvironmentVariables, TheRoleNameYieldsToTheServiceName) {
  MadeUpProcess process;
  process.variables["APPLICATIONINSIGHTS_ROLE_NAME"] = "role";
  process.variables["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=list";
  EXPECT_EQ(process.finalize()->resource().cloud_role, "role");
  process.variables["OTEL_SERVICE_NAME"] = "service";
  EXPECT_EQ(process.finalize()->resource().cloud_role, "service");
}

TEST(EnvironmentVariables, TheLogLevelIsThatOfDiagnostics) {
  MadeUpProcess process;
  EXPECT_EQ(process.finalize()->diagnostics().level, Severity::info);
  process.variables["OTEL_LOG_LEVEL"] = "none";
  EXPECT_EQ(process.finalize()->diagnostics().level, no_diagnostics);
  EXPECT_EQ(process.finalize({.diagnostics_level = Severity::error})->diagnostics().level,
            Severity::error);
}

TEST(EnvironmentVariables, AWrongFirstVariableOfARowLeavesTheNext) {
  MadeUpProcess process;
  process.variables["OTEL_LOG_LEVEL"] = "loud";
  process.variables["APPLICATIONINSIGHTS_SELF_DIAGNOSTICS_LEVEL"] = "error";
  process.variables["OTEL_SERVICE_NAME"] = "\xff";
  process.variables["APPLICATIONINSIGHTS_ROLE_NAME"] = "role";
  const auto settings = process.finalize();
  EXPECT_EQ(settings->diagnostics().level, Severity::error);
  EXPECT_EQ(settings->resource().cloud_role, "role");
  EXPECT_EQ(shown(*settings, SettingId::service_name), "role (environment)");
  EXPECT_EQ(process.warnings.size(), 2u) << process.warned();
}

TEST(EnvironmentVariables, MicrosoftsSamplersYieldToOpenTelemetrysAndThePercentageToNone) {
  MadeUpProcess process;
  process.variables["APPLICATIONINSIGHTS_SAMPLING_REQUESTS_PER_SECOND"] = "3";
  process.variables["APPLICATIONINSIGHTS_SAMPLING_PERCENTAGE"] = "25";
  EXPECT_EQ(process.finalize()->sampling().rate, SampleRate::percent(25));
  EXPECT_EQ(process.finalize()->sampling().parents, ParentRule::follow_local);
  process.variables["APPLICATIONINSIGHTS_SAMPLING_PERCENTAGE"] = "a quarter";
  EXPECT_EQ(process.finalize()->sampling().traces_per_second, 3);
  process.variables["OTEL_TRACES_SAMPLER"] = "always_off";
  EXPECT_EQ(process.finalize()->sampling().rate, SampleRate::never());
  EXPECT_EQ(process.warned(), "");
  EXPECT_EQ(process.finalize({.sampling = SampleRate::percent(1)})->sampling().rate,
            SampleRate::percent(1));
}

TEST(EnvironmentVariables, WhereAValueCameFromIsNamed) {
  MadeUpProcess process;
  process.variables["OTEL_ATTRIBUTE_COUNT_LIMIT"] = "10";
  process.variables["OTEL_BLRP_SCHEDULE_DELAY"] = "100";
  process.variables["HOME"] = "/home/u";
  const auto settings = process.finalize();
  const auto source = [&](SettingId id) {
    return settings->resolved()[static_cast<std::size_t>(id)].source;
  };
  EXPECT_EQ(source(SettingId::span_attributes), "OTEL_ATTRIBUTE_COUNT_LIMIT");
  EXPECT_EQ(source(SettingId::batch_delay), "OTEL_BLRP_SCHEDULE_DELAY");
  EXPECT_EQ(source(SettingId::connection_string), "APPLICATIONINSIGHTS_CONNECTION_STRING");
  EXPECT_EQ(source(SettingId::store_directory), "HOME");
  EXPECT_EQ(source(SettingId::batch_size), "");
}

}  // namespace
}  // namespace posthaste::config

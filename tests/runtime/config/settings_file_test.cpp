#include "runtime/config/settings_file.h"

#include "runtime/base/utf8.h"
#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing_support::canary_string;
using testing_support::MadeUpProcess;
using testing_support::shown;
using namespace std::chrono_literals;

/// A right value for the row, as TOML, that is not its default.
std::string example_of(const SettingRow& row) {
  switch (row.id) {
    case SettingId::resource_attributes: return "{ a.b = 'c' }";
    case SettingId::resource_detectors: return "['host', 'os']";
    case SettingId::otlp_endpoint:
    case SettingId::otlp_traces_endpoint:
    case SettingId::otlp_metrics_endpoint:
    case SettingId::otlp_logs_endpoint: return "'http://collector:4318'";
    case SettingId::otlp_headers: return "{ x-key = 'a b,c' }";
    case SettingId::otlp_protocol: return "'http/json'";
    case SettingId::otlp_compression: return "'gzip'";
    case SettingId::otlp_timeout: return "5000";
    case SettingId::otlp_temporality: return "'delta'";
    case SettingId::otlp_histograms: return "'base2_exponential_bucket_histogram'";
    case SettingId::traces_exporter:
    case SettingId::metrics_exporter:
    case SettingId::logs_exporter: return "['azure_monitor']";
    case SettingId::connection_string: return '"' + canary_string + '"';
    case SettingId::proxy: return "'http://proxy:3128'";
    case SettingId::sampling: return "0.25";
    case SettingId::traces_per_second: return "7";
    case SettingId::sampling_parents: return "'ignore'";
    case SettingId::sampling_hash: return "'trace_id'";
    case SettingId::log_minimum_severity:
    case SettingId::diagnostics_level: return "'warn'";
    case SettingId::diagnostics_log_file: return "'/var/log/a.log'";
    case SettingId::propagators: return "['b3', 'baggage']";
    case SettingId::over_budget: return "'refuse'";
    case SettingId::metric_exemplars: return "'always_off'";
    case SettingId::drop: return "['GET /healthz', 'url.path=/live*']";
    case SettingId::store_directory: return "'/state/mine'";
    case SettingId::arena_dir: return "'/dev/shm/mine'";
    default: break;
  }
  if (row.kind == SettingKind::boolean) return row.default_number == 0 ? "true" : "false";
  if (!row.is_number()) return "'some text'";
  return std::to_string(row.default_number > row.minimum ? row.default_number - 1 : 600);
}

// A row that the file may hold and nobody reads there would be a silent loss.
TEST(SettingsFile, EverySettingThatHasAKeyIsReadFromTheFile) {
  int checked = 0;
  for (const SettingRow& row : settings_table()) {
    if (file_key(row).empty() || row.id == SettingId::disabled) continue;
    SCOPED_TRACE(file_key(row));
    ++checked;
    MadeUpProcess process;
    if (row.id == SettingId::connection_string) process.variables.clear();
    if (row.name.starts_with("Otlp::")) process.variables["OTEL_LOGS_EXPORTER"] = "otlp";
    if (row.name.starts_with("Otlp::")) process.variables["OTEL_METRICS_EXPORTER"] = "otlp";
    if (row.name.starts_with("Otlp::")) process.variables["OTEL_TRACES_EXPORTER"] = "otlp";
    const auto settings = process.finalize_with_file("# a comment\n" + file_key(row) + " = " +
                                                     example_of(row) + '\n');
    ASSERT_TRUE(settings) << settings.error().message();
    EXPECT_TRUE(process.warnings.empty()) << process.warned();
    const ResolvedSetting& resolved = settings->resolved()[static_cast<std::size_t>(row.id)];
    EXPECT_EQ(resolved.origin, Origin::file) << resolved.value;
    EXPECT_EQ(resolved.source, "/etc/a.toml:2: " + file_key(row));
  }
  EXPECT_GT(checked, 40);
}

TEST(SettingsFile, AWrongTypeIsOneLineForEverySetting) {
  for (const SettingRow& row : settings_table()) {
    if (file_key(row).empty()) continue;
    SCOPED_TRACE(file_key(row));
    MadeUpProcess process;
    ASSERT_TRUE(process.finalize_with_file(file_key(row) + " = 1979-05-27\n"));
    ASSERT_EQ(process.warnings.size(), 1u) << process.warned();
    EXPECT_EQ(process.warnings[0].code, DiagnosticCode::file_ignored);
    EXPECT_THAT(process.warned(), HasSubstr("/etc/a.toml:1: " + file_key(row) + " is not "));
  }
}

TEST(SettingsFile, CodeIsOverEnvironmentIsOverFile) {
  const std::string text = "service_name = 'f'\nbatch.delay = 100\nlogs.rate_limit = 5\n";
  MadeUpProcess process;
  auto settings = process.finalize_with_file(text);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->resource().get("service.name"), "f");
  EXPECT_EQ(settings->batch().delay, 100ms);
  EXPECT_EQ(settings->logs().rate_limit, 5u);

  process.variables["OTEL_SERVICE_NAME"] = "e";
  process.variables["OTEL_BSP_SCHEDULE_DELAY"] = "200";
  settings = process.finalize_with_file(text);
  EXPECT_EQ(settings->resource().get("service.name"), "e");
  EXPECT_EQ(settings->batch().delay, 200ms);
  EXPECT_EQ(shown(*settings, SettingId::log_rate_limit), "5 records/s (file)");

  settings = process.finalize_with_file(text, {.service_name = "c", .batch = {.delay = 300ms}});
  EXPECT_EQ(settings->resource().get("service.name"), "c");
  EXPECT_EQ(settings->batch().delay, 300ms);
  EXPECT_EQ(shown(*settings, SettingId::service_name), "c (code)");
}

TEST(SettingsFile, AWrongVariableLeavesTheFilesValue) {
  MadeUpProcess process;
  process.variables["OTEL_BSP_SCHEDULE_DELAY"] = "soon";
  const auto settings = process.finalize_with_file("batch.delay = 100");
  EXPECT_EQ(settings->batch().delay, 100ms);
  ASSERT_EQ(process.warnings.size(), 1u);
  EXPECT_EQ(process.warnings[0].code, DiagnosticCode::environment_ignored);
}

TEST(SettingsFile, AWrongWordInAVariableLeavesTheFilesWord) {
  const struct {
    SettingId id;
    const char* variable;
    const char* in_force;
  } words[] = {
      {SettingId::diagnostics_level, "OTEL_LOG_LEVEL", "warn (file)"},
      {SettingId::log_minimum_severity, "APPLICATIONINSIGHTS_INSTRUMENTATION_LOGGING_LEVEL",
       "warn (file)"},
      {SettingId::metric_exemplars, "OTEL_METRICS_EXEMPLAR_FILTER", "always_off (file)"},
      {SettingId::drop, "POSTHASTE_DROP", "2 rules (file)"},
      {SettingId::over_budget, "POSTHASTE_OVER_BUDGET", "refuse (file)"},
      {SettingId::sampling, "OTEL_TRACES_SAMPLER", "25 % (file)"},
      {SettingId::traces_per_second, "APPLICATIONINSIGHTS_SAMPLING_REQUESTS_PER_SECOND",
       "7 traces/s (file)"},
      {SettingId::otlp_temporality, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
       "delta (file)"},
      {SettingId::otlp_histograms, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
       "base2_exponential_bucket_histogram (file)"},
  };
  for (const auto& [id, variable, in_force] : words) {
    MadeUpProcess process;
    process.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://c:4318";
    process.variables[variable] = "=nonsense";
    const auto settings =
        process.finalize_with_file(file_key(row_of(id)) + " = " + example_of(row_of(id)));
    ASSERT_TRUE(settings);
    EXPECT_EQ(shown(*settings, id), in_force) << variable;
    EXPECT_EQ(process.warnings.size(), 1u) << process.warned();
  }
}

TEST(SettingsFile, ASamplerOfTheEnvironmentReplacesTheFilesAsAWhole) {
  const std::string text = "traces_per_second = 3\nsampling_parents = 'ignore'\n";
  MadeUpProcess process;
  EXPECT_EQ(process.finalize_with_file(text)->sampling().kind, SamplerKind::rate_limited);
  process.variables["OTEL_TRACES_SAMPLER"] = "parentbased_always_off";
  const auto settings = process.finalize_with_file(text);
  EXPECT_EQ(settings->sampling().rate, SampleRate::never());
  EXPECT_EQ(settings->sampling().parents, ParentRule::follow);
}

TEST(SettingsFile, ResourceAttributesAreATableOfAnyDepth) {
  MadeUpProcess process;
  process.variables["OTEL_RESOURCE_ATTRIBUTES"] = "team=red";
  const auto settings = process.finalize_with_file(
      "[resource_attributes]\nteam = 'blue'\ndeployment.environment.name = 'a,b=c %'\n"
      "\"service.namespace\" = 'shop'\n");
  ASSERT_TRUE(settings);
  EXPECT_TRUE(process.warnings.empty()) << process.warned();
  EXPECT_EQ(settings->resource().get("team"), "red");
  EXPECT_EQ(settings->resource().get("deployment.environment.name"), "a,b=c %");
  EXPECT_EQ(settings->resource().get("service.namespace"), "shop");
}

TEST(SettingsFile, MayHoldAnyLettersInTextsKeysAndComments) {
  MadeUpProcess process;
  const auto settings = process.finalize_with_file(
      "# größe ґ\nservice_name = \"größe 100% ґ \\u00e9\"\n[resource_attributes]\n'ключ' = "
      "'é,ö'\n");
  ASSERT_TRUE(settings);
  EXPECT_TRUE(process.warnings.empty()) << process.warned();
  EXPECT_EQ(settings->resource().get("service.name"), "größe 100% ґ é");
  EXPECT_EQ(settings->resource().get("ключ"), "é,ö");
}

TEST(SettingsFile, DirectoriesOfTheFileAreOverThoseOfLoginAndServiceManager) {
  MadeUpProcess process;
  process.variables["HOME"] = "/home/u";
  process.variables["XDG_RUNTIME_DIR"] = "/run/user/1";
  const auto settings =
      process.finalize_with_file("store.directory = '/state/x'\narena_dir = '/dev/shm/x'");
  EXPECT_EQ(settings->store().directory, "/state/x");
  EXPECT_EQ(settings->arena().directories[0].path, "/dev/shm/x");
  ASSERT_TRUE(process.finalize_with_file("store.directory = 'here'"));
  EXPECT_THAT(process.warned(), HasSubstr("/etc/a.toml:1: store.directory = \"here\" is not an "
                                          "absolute path"));
}

TEST(SettingsFile, WhatIsWrongIsOneLineWithFileAndLine) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const auto& [text, message] : {
           Case{"\nservice_nam = 'x'", "/etc/a.toml:2: \"service_nam\" is no setting of the file"},
           Case{"[batch]\nsize = 1\nsizes = 2", "/etc/a.toml:3: \"batch.sizes\" is no setting"},
           Case{"batch = 1", "/etc/a.toml:1: \"batch\" is no setting"},
           Case{"sampler = 'x'", "is no setting of the file"},
           Case{"batch.size = '1'", ":1: batch.size is not a whole number; it is ignored"},
           Case{"batch.size = -1", ":1: batch.size = \"-1\" is not a whole number of items in the"},
           Case{"batch.size = 1.5", ":1: batch.size is not a whole number"},
           Case{"store.enabled = 'true'", "store.enabled is not true or false"},
           Case{"service_name = 7", "service_name is not a string in quotes"},
           Case{"drop = ['a', 7]", "drop is not an array of strings"},
           Case{"resource_attributes = { a = 7 }", "is not a table of strings"},
           Case{"sampling = 25", ":1: sampling = \"25\" is not a ratio from 0 to 1"},
           Case{"traces_per_second = -1", "is out of its range of 0 to 1000000"},
           Case{"sampling = 1\ntraces_per_second = 1", "is one of two samplers"},
           Case{"sampling_parents = 'x'", "choose follow, follow_local or ignore"},
           Case{"sampling_hash = 'x'", "is no hash"},
           Case{"logs.minimum_severity = 'x'", "is no severity; it is ignored; choose trace"},
           Case{"diagnostics_level = 'x'", "is no level"},
           Case{"metrics.exemplars = 'x'", "is not trace_based"},
           Case{"azure_monitor.proxy = 'a b'",
                "azure_monitor.proxy = (value hidden) holds a blank"},
           Case{"service_name = ", ":1: is not TOML"},
           Case{"a = 1\na = 2", "is not TOML"},
           Case{"[[[a]]]", ":1: is not TOML"},
           Case{"x = \"\xff\"", "is not TOML"},
       }) {
    SCOPED_TRACE(text);
    MadeUpProcess process;
    ASSERT_TRUE(process.finalize_with_file(text));
    ASSERT_EQ(process.warnings.size(), 1u) << process.warned();
    EXPECT_EQ(process.warnings[0].code, DiagnosticCode::file_ignored);
    EXPECT_THAT(process.warned(), HasSubstr(message));
    EXPECT_TRUE(is_utf8(process.warned()));
  }
}

TEST(SettingsFile, AFileThatCannotBeReadIsSaidOnce) {
  MadeUpProcess process;
  EXPECT_TRUE(process.finalize({.file = "/nowhere.toml"}));
  ASSERT_EQ(process.warnings.size(), 1u);
  EXPECT_THAT(process.warned(), HasSubstr("file (set in code)=\"/nowhere.toml\" cannot be read, "
                                          "No such file"));
  process.variables["POSTHASTE_CONFIG_FILE"] = "/nowhere.toml";
  EXPECT_TRUE(process.finalize());
  EXPECT_THAT(process.warned(), HasSubstr("POSTHASTE_CONFIG_FILE=\"/nowhere.toml\""));
  process.variables["POSTHASTE_CONFIG_FILE"] = " ";
  EXPECT_TRUE(process.finalize());
  EXPECT_TRUE(process.warnings.empty());
}

TEST(SettingsFile, ThePathInCodeIsOverTheVariable) {
  MadeUpProcess process;
  process.files["/b.toml"] = "service_name = 'b'";
  const auto settings = process.finalize_with_file("service_name = 'a'", {.file = "/b.toml"});
  EXPECT_EQ(settings->resource().get("service.name"), "b");
  EXPECT_EQ(shown(*settings, SettingId::file), "/b.toml (code)");
}

TEST(SettingsFile, NeitherSizeNorDepthNorNumberOfMistakesHarms) {
  std::vector<Diagnostic> warnings;
  SettingsFile::parse("f", std::string(SettingsFile::most_bytes + 1, '\n'), warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].message, HasSubstr("larger than 1 MiB"));

  warnings.clear();
  std::string deep = "\na";
  for (int i = 0; i < 200'000; ++i) deep += ".a";
  SettingsFile::parse("f", deep + " = 1", warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].message, HasSubstr("f:2: has more than 100 dots"));

  warnings.clear();
  SettingsFile::parse("f", "a = " + std::string(100'000, '['), warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].message, HasSubstr("is not TOML"));

  warnings.clear();
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "k" + std::to_string(i) + " = 1\n";
  SettingsFile::parse("f", many, warnings);
  ASSERT_EQ(warnings.size(), SettingsFile::most_warnings + 1);
  EXPECT_THAT(warnings.back().message, HasSubstr("and 984 more lines"));
}

TEST(SettingsFile, OfTheMachineIsARegularFileOfBoundedSize) {
  const HostFacts host = HostFacts::of_process();
  const std::string path = testing::TempDir() + "settings_file_test.toml";
  std::ofstream(path) << "service_name = 'x'\n";
  ASSERT_TRUE(host.read_whole_file(path, 100));
  EXPECT_EQ(*host.read_whole_file(path, 100), "service_name = 'x'\n");
  EXPECT_EQ(host.read_whole_file(path, 18).error().message(), "it has more than 18 bytes");
  EXPECT_EQ(host.read_whole_file(testing::TempDir(), 100).error().message(),
            "it is no regular file");
  std::remove(path.c_str());
  EXPECT_EQ(host.read_whole_file(path, 100).error().message(), "No such file or directory");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(host.read_whole_file(path, 100)) << "and does not wait for a writer";
  std::remove(path.c_str());
}

}  // namespace
}  // namespace posthaste::config

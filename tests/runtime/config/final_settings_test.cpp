#include "runtime/config/final_settings.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <posthaste/sampler.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <type_traits>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing_support::canary_string;
using testing_support::MadeUpProcess;
using testing_support::shown;
using namespace posthaste::literals;
using namespace std::chrono_literals;

static_assert(!std::is_default_constructible_v<FinalSettings>);
static_assert(!std::is_aggregate_v<FinalSettings>);

FinalSettings accepted(MadeUpProcess& process, const Settings& settings = {}) {
  auto result = process.finalize(settings);
  EXPECT_TRUE(result) << result.error().message();
  return std::move(*result);
}

std::string refusal(const Settings& settings) {
  MadeUpProcess process;
  const auto result = process.finalize(settings);
  EXPECT_FALSE(result);
  return result ? "accepted" : result.error().message();
}

TEST(FinalSettings, DefaultsAreThoseOfTheDocuments) {
  MadeUpProcess process;
  const FinalSettings settings = accepted(process);
  EXPECT_EQ(settings.sampling().rate, SampleRate::always());
  EXPECT_EQ(settings.sampling().parents, ParentRule::follow);
  EXPECT_EQ(settings.span_limits().attributes, 128u);
  EXPECT_EQ(settings.span_limits().events, 128u);
  EXPECT_EQ(settings.span_limits().links, 128u);
  EXPECT_EQ(settings.span_limits().event_attributes, 128u);
  EXPECT_EQ(settings.span_limits().link_attributes, 128u);
  EXPECT_EQ(settings.span_limits().value_length, SpanLimits::unlimited);
  EXPECT_EQ(settings.logs().minimum_severity, Severity::trace);
  EXPECT_EQ(settings.logs().rate_limit, 0u);
  EXPECT_EQ(settings.logs().attributes, 128u);
  EXPECT_EQ(settings.logs().value_length, SpanLimits::unlimited);
  EXPECT_TRUE(settings.span_processors().empty());
  EXPECT_TRUE(settings.log_processors().empty());
  EXPECT_TRUE(settings.drop_rules().empty());
  EXPECT_EQ(settings.shutdown_deadline(), 5s);
  EXPECT_TRUE(settings.store().enabled);
  EXPECT_EQ(settings.store().directory, "/var/lib/posthaste/unknown_service_server");
  EXPECT_EQ(settings.store().cap, 50_MiB);
  EXPECT_EQ(settings.store().max_age, 47h);
  EXPECT_EQ(settings.arena().size, 32_MiB);
  ASSERT_EQ(settings.arena().directories.size(), 1u);
  EXPECT_EQ(settings.arena().directories[0].path, "/dev/shm");
  EXPECT_EQ(settings.batch().size, 512u);
  EXPECT_EQ(settings.batch().delay, 5s);
  EXPECT_EQ(settings.batch().export_timeout, 30s);
  EXPECT_EQ(settings.batch().max_waiting, 0u);
  EXPECT_EQ(settings.max_in_flight(), 8u);
  EXPECT_TRUE(process.warnings.empty());
}

TEST(FinalSettings, TakesWhatCodeSays) {
  MadeUpProcess process;
  process.writable.push_back("/srv");
  int ended = 0;
  const FinalSettings settings = accepted(
      process,
      {.sampling = SampleRate::percent(25),
       .sampling_parents = ParentRule::ignore,
       .span_limits = {.attributes = 1,
                       .events = 2,
                       .links = 3,
                       .event_attributes = 4,
                       .link_attributes = 5,
                       .value_length = 6},
       .logs = {.minimum_severity = Severity::warn,
                .rate_limit = 7,
                .attributes = 8,
                .value_length = 9},
       .include_scope = true,
       .span_processors = {{.on_start = [](Span&) {}, .on_end = [&](EndingSpan&) { ++ended; }}},
       .log_processors = {{.on_emit = [](EmittedLog&) {}}},
       .drop = {"GET /healthz", "log:body=noise*"},
       .shutdown_deadline = 0s,
       .store = {.directory = "/srv/store", .cap = 2_MiB, .max_age = 1h},
       .arena_dir = "/dev/shm/mine",
       .arena_size = Bytes{4 * 1024 * 1024 + 65535},
       .batch = {.size = 10, .delay = 0s, .export_timeout = 1s, .max_waiting = 11},
       .max_in_flight = 12});
  EXPECT_EQ(settings.sampling().rate.as_ratio(), 0.25);
  EXPECT_EQ(settings.sampling().parents, ParentRule::ignore);
  EXPECT_EQ(settings.span_limits().attributes, 1u);
  EXPECT_EQ(settings.span_limits().events, 2u);
  EXPECT_EQ(settings.span_limits().links, 3u);
  EXPECT_EQ(settings.span_limits().event_attributes, 4u);
  EXPECT_EQ(settings.span_limits().link_attributes, 5u);
  EXPECT_EQ(settings.span_limits().value_length, 6u);
  EXPECT_EQ(settings.logs().minimum_severity, Severity::warn);
  EXPECT_EQ(settings.logs().rate_limit, 7u);
  EXPECT_EQ(settings.logs().attributes, 8u);
  EXPECT_EQ(settings.logs().value_length, 9u);
  EXPECT_TRUE(settings.outputs()[0].include_scope);
  ASSERT_EQ(settings.span_processors().size(), 1u);
  EXPECT_TRUE(settings.span_processors()[0].on_start && settings.span_processors()[0].on_end);
  EXPECT_EQ(settings.log_processors().size(), 1u);
  EXPECT_EQ(shown(settings, SettingId::drop), "2 rules (code)");
  EXPECT_EQ(ended, 0) << "no callback is called while settings are read";
  EXPECT_EQ(settings.shutdown_deadline(), 0s);
  EXPECT_EQ(settings.store().directory, "/srv/store");
  EXPECT_EQ(settings.store().cap, 2_MiB);
  EXPECT_EQ(settings.store().max_age, 1h);
  EXPECT_EQ(settings.arena().directories[0].path, "/dev/shm/mine");
  EXPECT_EQ(settings.arena().size, 4_MiB) << "whole segments";
  EXPECT_EQ(settings.batch().size, 10u);
  EXPECT_EQ(settings.batch().delay, 0s);
  EXPECT_EQ(settings.batch().export_timeout, 1s);
  EXPECT_EQ(settings.batch().max_waiting, 11u);
  EXPECT_EQ(settings.max_in_flight(), 12u);
  for (const SettingId id : {SettingId::sampling, SettingId::span_processors, SettingId::batch_size,
                             SettingId::arena_dir, SettingId::store_directory}) {
    EXPECT_EQ(settings.resolved()[static_cast<std::size_t>(id)].origin, Origin::code);
  }
}

TEST(FinalSettings, RefusalsNameSettingValueRuleAndMend) {
  struct Case {
    Settings settings;
    const char* message;
  };
  for (const auto& [settings, message] : {
           Case{{.batch = {.size = 0}},
                "batch.size = 0 (set in code) is out of its range of 1 to 10000 items; choose a "
                "value within, or leave it unset"},
           Case{{.batch = {.size = static_cast<std::uint32_t>(-1)}}, "batch.size = 4294967295"},
           Case{{.batch = {.delay = -5ms}}, "batch.delay = -5 ms (set in code) is negative"},
           Case{{.batch = {.delay = 601s}}, "batch.delay = 601000 (set in code)"},
           Case{{.batch = {.export_timeout = 99ms}}, "range of 100 to 3600000 ms"},
           Case{{.shutdown_deadline = 601s}, "shutdown_deadline = 601000"},
           Case{{.store = {.cap = 1_B}}, "store.cap = 1 (set in code) is out of its range"},
           Case{{.store = {.max_age = 49h}}, "store.max_age = 176400000"},
           Case{{.arena_size = 1_MiB}, "arena_size = 1048576"},
           Case{{.max_in_flight = 65}, "max_in_flight = 65"},
           Case{{.sampling = SampleRate::percent(101)}, "sampling = 101 % (set in code) is out of"},
           Case{{.sampling = SampleRate::percent(-1)}, "sampling = -1 %"},
           Case{{.sampling = SampleRate::ratio(0.0 / 0.0)}, "sampling = "},
           Case{{.logs = {.minimum_severity = Severity{25}}}, "logs.minimum_severity = 25"},
           Case{{.logs = {.minimum_severity = Severity{0}}}, "logs.minimum_severity = 0"},
           Case{{.span_limits = {.attributes = 65536}}, "span_limits.attributes = 65536"},
           Case{{.logs = {.rate_limit = 1'000'001}}, "logs.rate_limit"},
       }) {
    EXPECT_THAT(refusal(settings), HasSubstr(message));
  }
}

TEST(FinalSettings, DisabledStopsBeforeAnythingElseIsLookedAt) {
  MadeUpProcess process;
  const auto by_code = process.finalize({.connection_string = "broken", .disabled = true});
  ASSERT_FALSE(by_code);
  EXPECT_EQ(by_code.error().code(), ErrorCode::disabled);
  EXPECT_THAT(by_code.error().message(), HasSubstr("disabled = true (set in code)"));

  process.variables["OTEL_SDK_DISABLED"] = "True";
  const auto by_environment = process.finalize();
  ASSERT_FALSE(by_environment);
  EXPECT_EQ(by_environment.error().code(), ErrorCode::disabled);
  EXPECT_THAT(by_environment.error().message(), HasSubstr("OTEL_SDK_DISABLED"));
  EXPECT_TRUE(process.finalize({.disabled = false})) << "code wins";

  process.variables["OTEL_SDK_DISABLED"] = "1";
  EXPECT_TRUE(process.finalize());
  EXPECT_THAT(process.warned(), HasSubstr("OTEL_SDK_DISABLED=\"1\" is neither true nor false"));
}

TEST(FinalSettings, ASamplerOfTheEnvironmentIsOneChoice) {
  MadeUpProcess process;
  process.variables["OTEL_TRACES_SAMPLER"] = "traceidratio";
  process.variables["OTEL_TRACES_SAMPLER_ARG"] = "0.5";
  FinalSettings settings = accepted(process);
  EXPECT_EQ(settings.sampling().rate.as_ratio(), 0.5);
  EXPECT_EQ(settings.sampling().parents, ParentRule::ignore);
  EXPECT_EQ(shown(settings, SettingId::sampling), "50 % (environment)");

  settings = accepted(process, {.sampling = SampleRate::percent(10)});
  EXPECT_EQ(settings.sampling().rate, SampleRate::percent(10));
  EXPECT_EQ(settings.sampling().parents, ParentRule::follow);
  EXPECT_EQ(shown(settings, SettingId::sampling_parents), "follow (default)");

  settings = accepted(process, {.sampling_parents = ParentRule::follow});
  EXPECT_EQ(settings.sampling().rate.as_ratio(), 0.5);
  EXPECT_EQ(settings.sampling().parents, ParentRule::follow);
}

TEST(FinalSettings, TheSamplersOfMicrosoftComeFromTheEnvironmentToo) {
  MadeUpProcess process;
  process.variables["OTEL_TRACES_SAMPLER"] = "microsoft.rate_limited";
  FinalSettings settings = accepted(process);
  EXPECT_EQ(settings.sampling().kind, SamplerKind::rate_limited);
  EXPECT_EQ(settings.sampling().traces_per_second, 5);
  EXPECT_EQ(settings.sampling().parents, ParentRule::follow_local);
  EXPECT_EQ(shown(settings, SettingId::traces_per_second), "5 traces/s (environment)");

  process.variables["OTEL_TRACES_SAMPLER_ARG"] = "0.5";
  EXPECT_EQ(accepted(process).sampling().traces_per_second, 0.5);

  settings = accepted(process, {.traces_per_second = 20});
  EXPECT_EQ(settings.sampling().traces_per_second, 20);
  EXPECT_EQ(settings.sampling().parents, ParentRule::follow) << "none of the environment's sampler";
}

TEST(FinalSettings, ASamplerInCodeIsOneOfThree) {
  MadeUpProcess process;
  const auto sampler = [](const SamplingRequest&) { return SamplingDecision::keep(); };
  const FinalSettings settings =
      accepted(process, {.sampler = sampler,
                         .sampling_parents = ParentRule{.remote_sampled = ParentRule::Then::decide},
                         .sampling_hash = SamplingHash::application_insights_upper_case,
                         .logs = {.sampled_with_trace = true}});
  EXPECT_EQ(settings.sampling().kind, SamplerKind::callback);
  EXPECT_TRUE(settings.sampling().callback);
  EXPECT_TRUE(settings.logs().sampled_with_trace);
  EXPECT_EQ(shown(settings, SettingId::sampling_parents),
            "remote sampled: decide, not sampled: drop; local sampled: keep, not sampled: drop "
            "(code)");
  EXPECT_EQ(shown(settings, SettingId::sampling_hash), "application_insights_upper_case (code)");

  for (const Settings& two : {Settings{.sampling = SampleRate::always(), .traces_per_second = 5},
                              Settings{.sampling = SampleRate::always(), .sampler = sampler},
                              Settings{.traces_per_second = 5, .sampler = sampler}}) {
    const auto refused = process.finalize(two);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("is one of several samplers"));
  }
  for (const double wrong : {-1.0, 1e7, std::nan("")}) {
    const auto refused = process.finalize({.traces_per_second = wrong});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("traces_per_second = "));
  }
}

TEST(FinalSettings, DropRulesComeFromCodeOrTheEnvironment) {
  MadeUpProcess process;
  process.variables["POSTHASTE_DROP"] = "GET /healthz; url.path=/live* & kind=server ;";
  FinalSettings settings = accepted(process);
  ASSERT_EQ(settings.drop_rules().size(), 2u);
  EXPECT_EQ(settings.drop_rules()[1].conditions.size(), 2u);
  EXPECT_EQ(shown(settings, SettingId::drop), "2 rules (environment)");
  EXPECT_EQ(accepted(process, {.drop = {"GET /"}}).drop_rules().size(), 1u);

  process.variables["POSTHASTE_DROP"] = "GET /healthz; =x";
  EXPECT_TRUE(accepted(process).drop_rules().empty()) << "one mistake discards it all";
  ASSERT_EQ(process.warnings.size(), 1u);
  EXPECT_EQ(process.warnings[0].code, DiagnosticCode::environment_ignored);
  EXPECT_THAT(process.warned(), HasSubstr("has a condition without a key before its '='"));
  EXPECT_THAT(refusal({.drop = {"a & & b"}}),
              HasSubstr("drop = \"a & & b\" (set in code) has an empty condition; write it"));
}

TEST(FinalSettings, ADailyBudgetIsOfEachOutputAndOfTheEnvironment) {
  MadeUpProcess process;
  EXPECT_EQ(accepted(process).outputs()[0].daily_budget, Bytes{0});
  process.variables["POSTHASTE_DAILY_BUDGET"] = "1000000";
  EXPECT_EQ(accepted(process).outputs()[0].daily_budget, Bytes{1'000'000});
  const FinalSettings settings = accepted(
      process,
      {.outputs = {AzureMonitor{.daily_budget = 5_MiB, .over_budget = OverBudget::refuse}}});
  EXPECT_EQ(settings.outputs()[0].daily_budget, 5_MiB);
  EXPECT_EQ(settings.outputs()[0].over_budget, OverBudget::refuse);
  EXPECT_EQ(shown(settings, SettingId::over_budget), "refuse (code)");
}

TEST(FinalSettings, WrongSamplersAreIgnoredAloud) {
  struct Case {
    const char *sampler, *argument, *warning;
  };
  for (const auto& [sampler, argument, warning] :
       {Case{"jaeger_remote", "5", "OTEL_TRACES_SAMPLER=\"jaeger_remote\" is not"},
        Case{"traceidratio", "25", "OTEL_TRACES_SAMPLER_ARG=\"25\" is not a ratio from 0 to 1"},
        Case{"microsoft.rate_limited", "-1",
             "OTEL_TRACES_SAMPLER_ARG=\"-1\" is not a number of traces per second"},
        Case{"", "0.5", "stands without OTEL_TRACES_SAMPLER"}}) {
    MadeUpProcess process;
    process.variables["OTEL_TRACES_SAMPLER"] = sampler;
    process.variables["OTEL_TRACES_SAMPLER_ARG"] = argument;
    EXPECT_EQ(accepted(process).sampling().rate, SampleRate::always());
    ASSERT_EQ(process.warnings.size(), 1u);
    EXPECT_EQ(process.warnings[0].code, DiagnosticCode::environment_ignored);
    EXPECT_THAT(process.warned(), HasSubstr(warning));
  }
}

TEST(FinalSettings, TheSpecificLimitWinsOverTheGeneralOne) {
  MadeUpProcess process;
  process.variables["OTEL_ATTRIBUTE_COUNT_LIMIT"] = "10";
  process.variables["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"] = "20";
  EXPECT_EQ(accepted(process).span_limits().attributes, 20u);
  EXPECT_EQ(accepted(process).logs().attributes, 10u);
  process.variables["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"] = "many";
  EXPECT_EQ(accepted(process).span_limits().attributes, 10u);
  EXPECT_EQ(process.warnings.size(), 1u);
}

TEST(FinalSettings, OfSpansAndLogsTheSmallerBatchSettingCounts) {
  MadeUpProcess process;
  process.variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
  EXPECT_EQ(accepted(process).batch().delay, 1s);
  process.variables["OTEL_BLRP_SCHEDULE_DELAY"] = "10000";
  EXPECT_EQ(accepted(process).batch().delay, 5s) << "the spans' default is smaller";
  process.variables["OTEL_BSP_SCHEDULE_DELAY"] = "20000";
  EXPECT_EQ(accepted(process).batch().delay, 10s);
  process.variables["OTEL_BSP_SCHEDULE_DELAY"] = "0";
  EXPECT_EQ(accepted(process).batch().delay, 0s);

  process.variables["OTEL_BLRP_MAX_QUEUE_SIZE"] = "4096";
  EXPECT_EQ(accepted(process).batch().max_waiting, 4096u);
  process.variables["OTEL_BSP_MAX_QUEUE_SIZE"] = "0";
  EXPECT_EQ(accepted(process).batch().max_waiting, 4096u) << "zero is no bound";
  process.variables["OTEL_BSP_MAX_QUEUE_SIZE"] = "2048";
  EXPECT_EQ(accepted(process).batch().max_waiting, 2048u);
}

// A batch never fills if fewer items than it holds may wait.
TEST(FinalSettings, ABatchFitsIntoItsQueue) {
  MadeUpProcess process;
  process.variables["OTEL_BSP_MAX_QUEUE_SIZE"] = "100";
  EXPECT_EQ(accepted(process).batch().size, 100u) << "a default gives way";
  EXPECT_TRUE(process.warnings.empty());

  process.variables["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "200";
  EXPECT_EQ(accepted(process).batch().size, 100u);
  EXPECT_THAT(
      process.warned(),
      HasSubstr("batch.size = 200 items (environment) is above batch.max_waiting; 100 items "
                "is used instead"));
  const FinalSettings by_code = accepted(process, {.batch = {.size = 300}});
  EXPECT_EQ(by_code.batch().size, 300u);
  EXPECT_EQ(by_code.batch().max_waiting, 300u) << "the environment gives way to code";
  EXPECT_EQ(process.warnings.size(), 1u);

  EXPECT_THAT(refusal({.batch = {.size = 300, .max_waiting = 299}}),
              HasSubstr("batch.size = 300 (set in code) is above batch.max_waiting = 299"));
}

TEST(FinalSettings, NothingWaitsInMemoryLongerThanItMayBeStored) {
  EXPECT_THAT(refusal({.store = {.max_age = 1min}, .batch = {.export_timeout = 2min}}),
              HasSubstr("batch.export_timeout = 120000 ms (set in code) is above store.max_age"));
  MadeUpProcess process;
  process.variables["OTEL_BSP_EXPORT_TIMEOUT"] = "120000";
  EXPECT_EQ(accepted(process, {.store = {.max_age = 1min}}).batch().export_timeout, 1min);
  EXPECT_EQ(process.warnings.size(), 1u);
}

TEST(FinalSettings, BatchesInFlightTakeAtMostHalfOfTheArena) {
  // 2 MiB / 2 = 16 segments; three outputs may have 5 each.
  const std::vector<Output> three{AzureMonitor{}, Console{},
                                  Console{Console::Stream::standard_output}};
  MadeUpProcess process;
  EXPECT_EQ(accepted(process, {.outputs = three, .arena_size = 2_MiB}).max_in_flight(), 5u);
  EXPECT_TRUE(process.warnings.empty());
  EXPECT_EQ(accepted(process, {.outputs = three, .arena_size = 2_MiB, .max_in_flight = 5})
                .max_in_flight(),
            5u);
  EXPECT_THAT(refusal({.outputs = three, .arena_size = 2_MiB, .max_in_flight = 6}),
              HasSubstr("max_in_flight = 6 (set in code) needs more than half of arena_size = "
                        "2097152 bytes for these outputs; at most 5 fit"));
}

TEST(FinalSettings, TheStoreHoldsABodyOfEachOutput) {
  EXPECT_THAT(refusal({.outputs = {AzureMonitor{}, Console{}}, .store = {.cap = 1_MiB}}),
              HasSubstr("2097152 bytes are the least"));
}

TEST(FinalSettings, ViewsOfMetricsAreChecked) {
  EXPECT_THAT(refusal({.outputs = {Console{}},
                       .metrics = {.views = {{.instrument = "http.*", .name = "http"}}}}),
              HasSubstr("gives several instruments the name"));
  EXPECT_THAT(refusal({.outputs = {Console{}},
                       .metrics = {.views = {{.instrument = "a", .boundaries = {{2, 1}}}}}}),
              HasSubstr("ascending order"));
}

TEST(FinalSettings, EachErrorHasItsDiagnostic) {
  EXPECT_EQ(diagnostic_of({ErrorCode::disabled, "m"}).code, DiagnosticCode::telemetry_disabled);
  EXPECT_EQ(diagnostic_of({ErrorCode::disabled, "m"}).severity, Severity::info);
  EXPECT_EQ(diagnostic_of({ErrorCode::no_output, "m"}).code, DiagnosticCode::no_output);
  EXPECT_EQ(diagnostic_of({ErrorCode::invalid_connection_string, "m"}).code,
            DiagnosticCode::connection_string_refused);
  EXPECT_EQ(diagnostic_of({ErrorCode::invalid_setting, "m"}).code, DiagnosticCode::setting_refused);
  EXPECT_EQ(diagnostic_of({ErrorCode::invalid_setting, "m"}).message, "m");
}

TEST(FinalSettings, OfThisVeryProcessCanBeMade) {
  std::vector<Diagnostic> warnings;
  const auto settings = finalize({.connection_string = canary_string, .store = {.enabled = false}},
                                 Environment::of_process(), warnings);
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_FALSE(settings->resource().get("process.executable.name").empty());
  EXPECT_FALSE(settings->resource().get("host.name").empty());
}

}  // namespace
}  // namespace posthaste::config

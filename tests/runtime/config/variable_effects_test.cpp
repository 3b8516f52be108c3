// The proof that no variable is a promise only: each of the settings table has a row here, and each
// row's variable alone changes what is in force. A variable without a row fails the test, and so does
// one of OpenTelemetry's that is neither read nor explained.

#include "runtime/config/unread_variables.h"
#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::MadeUpProcess;

void write(std::ostream& out, const FinalOutput& output) {
  out << output.name << ": url=" << output.track_url << output.otlp.url
      << "; json=" << (output.otlp.protocol == OtlpProtocol::http_json)
      << "; gzip=" << output.otlp.gzip << "; timeout=" << output.otlp.timeout.count()
      << "; ca=" << output.ca_file << "; certificate=" << output.otlp.client_certificate_file
      << "; key=" << output.otlp.client_key_file << "; headers=";
  for (const auto& [name, value] : output.otlp.headers) out << name << '=' << value.reveal();
  out << "; temporality=" << static_cast<int>(output.metrics.temporality)
      << "; exponential=" << output.metrics.exponential_histograms
      << "; proxy=" << output.https_proxy.reveal() << "; no_proxy=" << output.no_proxy
      << "; budget=" << output.daily_budget.count
      << "; over=" << static_cast<int>(output.over_budget) << "; takes=";
  for (const bool takes : output.signals) out << takes;
  out << '\n';
}

/// What is in force, without what is only said about it.
std::string in_force(const FinalSettings& settings) {
  std::ostringstream out;
  out << "role=" << settings.resource().cloud_role
      << "\ninstance=" << settings.resource().cloud_role_instance << '\n';
  for (const auto& [key, value] : settings.resource().attributes)
    out << key << '=' << value << '\n';
  for (const FinalOutput& output : settings.outputs()) write(out, output);
  const FinalSampling& sampling = settings.sampling();
  out << "sampling=" << text_of(sampling) << "; parents=" << text_of(sampling.parents) << '\n';
  for (const Propagation each :
       {Propagation::trace_context, Propagation::baggage, Propagation::b3, Propagation::b3_multi}) {
    out << "propagation " << settings.propagators().has(each);
  }
  const FinalSpanLimits& spans = settings.span_limits();
  out << "\nspan=" << spans.attributes << ',' << spans.events << ',' << spans.links << ','
      << spans.event_attributes << ',' << spans.link_attributes << ',' << spans.value_length;
  const FinalLogSettings& logs = settings.logs();
  out << "\nlog=" << to_string(logs.minimum_severity) << ',' << logs.attributes << ','
      << logs.value_length;
  const FinalMetrics& metrics = settings.metrics();
  out << "\nmetrics=" << metrics.interval.count() << ',' << metrics.timeout.count() << ','
      << static_cast<int>(metrics.exemplars) << "; standard=" << metrics.standard_metrics
      << "; counters=" << metrics.performance_counters << "; process=" << metrics.process_metrics
      << "; self=" << metrics.self_metrics;
  out << "\ndiagnostics=" << static_cast<int>(settings.diagnostics().level)
      << "; log=" << settings.diagnostics().log_file << ',' << settings.diagnostics().log_size.count
      << "\ndrop=" << settings.drop_rules().size() << "\nstore=" << settings.store().directory
      << "\narena=" << settings.arena().directories.front().path;
  const FinalBatch& batch = settings.batch();
  out << "\nbatch=" << batch.size << ',' << batch.delay.count() << ','
      << batch.export_timeout.count() << ',' << batch.max_waiting << '\n';
  return out.str();
}

struct Effect {
  const char* variable;
  const char* value;
  const char* changed;     // stands in in_force() with it, and not without
  const char* needs = "";  // another variable that must be set for this one to matter
  const char* needs_value = "";
  bool is_the_source = true;  // `posthaste settings` names it
};

constexpr const char* with_otlp = "OTEL_EXPORTER_OTLP_ENDPOINT";
constexpr const char* collector = "http://c:4318";
constexpr const char* with_sampler = "OTEL_TRACES_SAMPLER";

constexpr Effect effects[] = {
    {"POSTHASTE_CONFIG_FILE", "/etc/a.toml", "role=from the file"},
    {"OTEL_SERVICE_NAME", "orders", "role=orders"},
    {"APPLICATIONINSIGHTS_ROLE_NAME", "orders", "role=orders"},
    {"APPLICATIONINSIGHTS_CLOUD_ROLE_NAME", "orders", "role=orders"},
    {"APPLICATIONINSIGHTS_COMPONENT_VERSION", "1.2", "service.version=1.2"},
    {"APPLICATIONINSIGHTS_ROLE_INSTANCE", "i-1", "instance=i-1"},
    {"APPLICATIONINSIGHTS_CLOUD_ROLE_INSTANCE", "i-1", "instance=i-1"},
    {"OTEL_RESOURCE_ATTRIBUTES", "team=red", "team=red"},
    {"OTEL_RESOURCE_DETECTORS", "none", "instance=\n"},
    {"APPLICATIONINSIGHTS_CONNECTION_STRING",
     "InstrumentationKey=00000000-0000-4000-8000-000000000001;IngestionEndpoint=https://other",
     "url=https://other/"},
    {"OTEL_TRACES_EXPORTER", "none", "takes=011"},
    {"OTEL_METRICS_EXPORTER", "none", "takes=101"},
    {"OTEL_LOGS_EXPORTER", "none", "takes=110"},
    {"HTTPS_PROXY", "http://p:1", "proxy=http://p:1;"},
    {"https_proxy", "http://p:2", "proxy=http://p:2;"},
    {"NO_PROXY", "here", "no_proxy=here", "HTTPS_PROXY", "http://p:1", false},
    {"no_proxy", "there", "no_proxy=there", "HTTPS_PROXY", "http://p:1", false},
    {"POSTHASTE_DAILY_BUDGET", "1000000", "budget=1000000"},
    {"POSTHASTE_OVER_BUDGET", "refuse", "over=1"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1", "url=http://c:1/v1/logs;"},
    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/x", "url=http://t:1/x;"},
    {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m:1/x", "url=http://m:1/x;"},
    {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l:1/x", "url=http://l:1/x;"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "k=all", "headers=k=all", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "k=t", "headers=k=t;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "k=m", "headers=k=m;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "k=l", "headers=k=l;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "v1/logs; json=1", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "v1/traces; json=1", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json", "v1/metrics; json=1", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json", "v1/logs; json=1", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "v1/logs; json=0; gzip=1", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip", "v1/traces; json=0; gzip=1", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip", "v1/metrics; json=0; gzip=1", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip", "v1/logs; json=0; gzip=1", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", "77", "v1/logs; json=0; gzip=0; timeout=77", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "77", "v1/traces; json=0; gzip=0; timeout=77", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "77", "v1/metrics; json=0; gzip=0; timeout=77",
     with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "77", "v1/logs; json=0; gzip=0; timeout=77", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca", "timeout=10000; ca=/ca;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/ca.t", "ca=/ca.t;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/ca.m", "ca=/ca.m;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/ca.l", "ca=/ca.l;", with_otlp, collector},
    {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c", "certificate=/c;",
     "OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"},
    {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/c.t", "certificate=/c.t;",
     "OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"},
    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "/c.m", "certificate=/c.m;",
     "OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"},
    {"OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", "/c.l", "certificate=/c.l;",
     "OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"},
    {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k", "key=/k;", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
     "/c"},
    {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/k.t", "key=/k.t;",
     "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c"},
    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/k.m", "key=/k.m;",
     "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c"},
    {"OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "/k.l", "key=/k.l;",
     "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c"},
    {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "lowmemory", "temporality=2", with_otlp,
     collector},
    {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
     "base2_exponential_bucket_histogram", "exponential=1", with_otlp, collector},
    {"OTEL_TRACES_SAMPLER", "always_off", "sampling=0 %; parents=ignore"},
    {"OTEL_TRACES_SAMPLER_ARG", "0.25", "sampling=25 %", with_sampler, "traceidratio", false},
    {"APPLICATIONINSIGHTS_SAMPLING_PERCENTAGE", "10", "sampling=10 %; parents=follow_local"},
    {"APPLICATIONINSIGHTS_SAMPLING_REQUESTS_PER_SECOND", "3", "sampling=3 traces/s"},
    {"OTEL_PROPAGATORS", "none", "propagation 0propagation 0propagation 0propagation 0"},
    {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1", "span=1,128,128,128,128,"},
    {"OTEL_ATTRIBUTE_COUNT_LIMIT", "1", "span=1,128,128,128,128,"},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT", "1", "span=128,1,128,128,128,"},
    {"OTEL_SPAN_LINK_COUNT_LIMIT", "1", "span=128,128,1,128,128,"},
    {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1", "span=128,128,128,1,128,"},
    {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "1", "span=128,128,128,128,1,"},
    {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9", "span=128,128,128,128,128,9\n"},
    {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9", "span=128,128,128,128,128,9\nlog=trace,128,9\n"},
    {"APPLICATIONINSIGHTS_INSTRUMENTATION_LOGGING_LEVEL", "error", "log=error,"},
    {"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "1", "log=trace,1,"},
    {"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9", "log=trace,128,9\n"},
    {"OTEL_METRIC_EXPORT_INTERVAL", "40000", "metrics=40000,"},
    {"OTEL_METRIC_EXPORT_TIMEOUT", "999", "metrics=60000,999,"},
    {"OTEL_METRICS_EXEMPLAR_FILTER", "always_on", "metrics=60000,30000,1"},
    {"APPLICATION_INSIGHTS_NO_STANDARD_METRICS", "x", "standard=0"},
    {"POSTHASTE_PERFORMANCE_COUNTERS", "false", "counters=0"},
    {"POSTHASTE_PROCESS_METRICS", "true", "process=1"},
    {"POSTHASTE_SELF_METRICS", "true", "self=1"},
    {"POSTHASTE_DROP", "GET /healthz", "drop=1"},
    {"OTEL_LOG_LEVEL", "error", "diagnostics=17"},
    {"APPLICATIONINSIGHTS_SELF_DIAGNOSTICS_LEVEL", "error", "diagnostics=17"},
    {"POSTHASTE_DIAGNOSTICS_LOG_FILE", "/l", "log=/l,5242880\n"},
    {"APPLICATIONINSIGHTS_SELF_DIAGNOSTICS_FILE_PATH", "/l", "log=/l,5242880\n"},
    {"POSTHASTE_DIAGNOSTICS_LOG_SIZE", "20000", "log=,20000\n"},
    {"OTEL_SDK_DISABLED", "true", "telemetry is switched off by OTEL_SDK_DISABLED", "", "", false},
    {"STATE_DIRECTORY", "/state", "store=/state/"},
    {"XDG_STATE_HOME", "/xdg", "store=/xdg/"},
    {"HOME", "/home/u", "store=/home/u/.local/state/"},
    {"RUNTIME_DIRECTORY", "/run/a", "arena=/run/a"},
    {"XDG_RUNTIME_DIR", "/run/user/1", "arena=/run/user/1"},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "9", "batch=9,"},
    {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "9", "batch=9,"},
    {"OTEL_BSP_SCHEDULE_DELAY", "900", "batch=512,900,"},
    {"OTEL_BLRP_SCHEDULE_DELAY", "900", "batch=512,900,"},
    {"OTEL_BSP_EXPORT_TIMEOUT", "900", "batch=512,5000,900,"},
    {"OTEL_BLRP_EXPORT_TIMEOUT", "900", "batch=512,5000,900,"},
    {"OTEL_BSP_MAX_QUEUE_SIZE", "900", "batch=512,5000,30000,900\n"},
    {"OTEL_BLRP_MAX_QUEUE_SIZE", "900", "batch=512,5000,30000,900\n"},
};

class Variable : public testing::TestWithParam<Effect> {
protected:
  std::string in_force_with(bool set) {
    process_.files["/etc/a.toml"] = "service_name = 'from the file'";
    if (set) process_.variables[GetParam().variable] = GetParam().value;
    const auto settings = process_.finalize();
    if (!settings) return settings.error().message();
    named_ = false;
    for (const ResolvedSetting& setting : settings->resolved()) {
      named_ |= setting.origin == Origin::environment && setting.source == GetParam().variable;
    }
    return in_force(*settings);
  }
  MadeUpProcess process_;
  bool named_ = false;
};

TEST_P(Variable, ChangesWhatIsInForceAndIsNamedAsTheSource) {
  if (std::string_view(GetParam().variable).find("_CLIENT_") != std::string_view::npos) {
    process_.variables[with_otlp] = collector;
  }
  if (*GetParam().needs != '\0') process_.variables[GetParam().needs] = GetParam().needs_value;
  const std::string without = in_force_with(false);
  EXPECT_THAT(without, Not(HasSubstr(GetParam().changed)));
  EXPECT_THAT(in_force_with(true), HasSubstr(GetParam().changed));
  EXPECT_EQ(named_, GetParam().is_the_source);
  EXPECT_EQ(process_.warned(), "");
}

INSTANTIATE_TEST_SUITE_P(Each, Variable, testing::ValuesIn(effects),
                         [](const auto& each) { return std::string(each.param.variable); });

TEST(Variables, OfTheSettingsTableAreThoseThatAreTestedHere) {
  std::set<std::string> in_table;
  for (const SettingRow& row : settings_table()) {
    for (const std::string_view name : environment_names(row)) in_table.emplace(name);
  }
  std::set<std::string> tested;
  for (const Effect& effect : effects) {
    EXPECT_TRUE(tested.insert(effect.variable).second) << effect.variable << " twice";
  }
  EXPECT_EQ(tested, in_table);
}

TEST(Variables, ThatAreNotReadAreSaidOnceWhereTheyMatterAndNoneIsReadToo) {
  std::set<std::string> known;
  for (const Effect& effect : effects) known.insert(effect.variable);
  for (const UnreadVariables& row : unread_variables()) {
    EXPECT_EQ(row.when_set == WhenSet::said, !row.mend.empty()) << row.names;
    for (const std::string& name : names_of(row)) {
      EXPECT_TRUE(known.insert(name).second) << name << " twice";
      MadeUpProcess process;
      process.variables[name] = "canary";
      ASSERT_TRUE(process.finalize());
      ASSERT_EQ(process.warnings.size(), row.when_set == WhenSet::said ? 1u : 0u) << name;
      if (process.warnings.empty()) continue;
      EXPECT_EQ(process.warnings[0].code, DiagnosticCode::environment_ignored);
      EXPECT_THAT(process.warned(), HasSubstr(name + " is not read: "));
      EXPECT_THAT(process.warned(), Not(HasSubstr("canary")));
    }
  }
}

// sdk-environment-variables.md and exporter.md of OpenTelemetry's specification, 1.5x.
TEST(Variables, OfOpenTelemetrysSpecificationAreReadOrExplained) {
  std::set<std::string> known;
  for (const Effect& effect : effects) known.insert(effect.variable);
  for (const UnreadVariables& row : unread_variables())
    known.merge(std::set<std::string>([&] {
      const auto names = names_of(row);
      return std::set<std::string>(names.begin(), names.end());
    }()));
  std::vector<std::string> specified{"OTEL_SDK_DISABLED",
                                     "OTEL_ENTITIES",
                                     "OTEL_RESOURCE_ATTRIBUTES",
                                     "OTEL_SERVICE_NAME",
                                     "OTEL_LOG_LEVEL",
                                     "OTEL_PROPAGATORS",
                                     "OTEL_TRACES_SAMPLER",
                                     "OTEL_TRACES_SAMPLER_ARG",
                                     "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                                     "OTEL_ATTRIBUTE_COUNT_LIMIT",
                                     "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                                     "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
                                     "OTEL_SPAN_EVENT_COUNT_LIMIT",
                                     "OTEL_SPAN_LINK_COUNT_LIMIT",
                                     "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
                                     "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
                                     "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                                     "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
                                     "OTEL_TRACES_EXPORTER",
                                     "OTEL_METRICS_EXPORTER",
                                     "OTEL_LOGS_EXPORTER",
                                     "OTEL_METRICS_EXEMPLAR_FILTER",
                                     "OTEL_METRIC_EXPORT_INTERVAL",
                                     "OTEL_METRIC_EXPORT_TIMEOUT",
                                     "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                                     "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                                     "OTEL_EXPORTER_PROMETHEUS_HOST",
                                     "OTEL_EXPORTER_PROMETHEUS_PORT",
                                     "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
                                     "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
                                     "OTEL_CONFIG_FILE",
                                     "OTEL_EXPERIMENTAL_CONFIG_FILE"};
  for (const std::string processor : {"OTEL_BSP_", "OTEL_BLRP_"}) {
    for (const char* const bound :
         {"SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE"}) {
      specified.push_back(processor + bound);
    }
  }
  for (const std::string signal : {"", "TRACES_", "METRICS_", "LOGS_"}) {
    for (const char* const option :
         {"ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "INSECURE", "CERTIFICATE",
          "CLIENT_KEY", "CLIENT_CERTIFICATE"}) {
      specified.push_back("OTEL_EXPORTER_OTLP_" + signal + option);
    }
  }
  for (const std::string& name : specified) EXPECT_TRUE(known.contains(name)) << name;
}

}  // namespace
}  // namespace posthaste::config

#include "runtime/config/otlp_output.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <gtest/gtest.h>

namespace posthaste::config {
namespace {

using Variables = Environment::Variables;

class OtlpOutputs : public testing::Test {
protected:
  std::vector<FinalOutput> make(const Otlp& otlp, Variables variables = {}) {
    warnings.clear();
    const Environment environment(std::move(variables));
    SettingResolver resolver(environment, warnings);
    auto made = make_otlp_outputs(otlp, "outputs[0]", environment, resolver);
    error = made ? std::string() : made.error().message();
    return made ? std::move(*made) : std::vector<FinalOutput>{};
  }
  std::vector<std::string> urls(const Otlp& otlp, Variables variables = {}) {
    std::vector<std::string> all;
    for (const FinalOutput& output : make(otlp, std::move(variables))) {
      all.push_back(output.otlp.url);
    }
    return all;
  }
  std::vector<Diagnostic> warnings;
  std::string error;
};

using Urls = std::vector<std::string>;

TEST_F(OtlpOutputs, GoToTheCollectorOfThisMachineByDefault) {
  EXPECT_EQ(urls({}), (Urls{"http://localhost:4318/v1/traces", "http://localhost:4318/v1/metrics",
                            "http://localhost:4318/v1/logs"}));
  const FinalOutput traces = make({}).front();
  EXPECT_EQ(traces.otlp.protocol, OtlpProtocol::http_protobuf);
  EXPECT_FALSE(traces.otlp.gzip);
  EXPECT_EQ(traces.otlp.timeout, std::chrono::seconds(10));
  EXPECT_EQ(traces.metrics.temporality, TemporalityPreference::cumulative);
  EXPECT_TRUE(traces.otlp.user_agent.find("OTel-OTLP-Exporter-Cpp/") != std::string::npos);
}

TEST_F(OtlpOutputs, AppendPathsToABaseAndTakeTheUrlOfASignalAsItIs) {
  EXPECT_EQ(
      urls({.endpoint = "https://collector.example/otlp/", .send_metrics = false}),
      (Urls{"https://collector.example/otlp/v1/traces", "https://collector.example/otlp/v1/logs"}));
  EXPECT_EQ(urls({.traces_endpoint = "http://a:1", .logs_endpoint = "http://b/x/?key=1"},
                 {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}}),
            (Urls{"http://a:1/", "http://c:4318/v1/metrics", "http://b/x/?key=1"}));
  EXPECT_EQ(urls({}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/base"},
                      {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://d/path"}}),
            (Urls{"http://c:4318/base/v1/traces", "http://d/path", "http://c:4318/base/v1/logs"}));
}

TEST_F(OtlpOutputs, CodeWinsOverTheSignalsVariableAndThatOverTheGeneralOne) {
  const Variables variables{{"OTEL_EXPORTER_OTLP_TIMEOUT", "1000"},
                            {"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "2000"},
                            {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                            {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"},
                            {"OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON"},
                            {"OTEL_EXPORTER_OTLP_HEADERS", "a=1, b=x%2Cy"},
                            {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "c=3"},
                            {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                            {"OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/logs.pem"},
                            {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c.pem"},
                            {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k.pem"}};
  const auto all = make({}, variables);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].otlp.timeout.count(), 1000);
  EXPECT_EQ(all[2].otlp.timeout.count(), 2000);
  EXPECT_FALSE(all[0].otlp.gzip);
  EXPECT_TRUE(all[1].otlp.gzip);
  EXPECT_EQ(all[0].otlp.protocol, OtlpProtocol::http_json);
  ASSERT_EQ(all[0].otlp.headers.size(), 2u);
  EXPECT_EQ(all[0].otlp.headers[1].second.reveal(), "x,y");
  EXPECT_EQ(all[1].otlp.headers.front().first, "c");
  EXPECT_EQ(all[0].ca_file, "/ca.pem");
  EXPECT_EQ(all[2].ca_file, "/logs.pem");
  EXPECT_EQ(all[0].otlp.client_certificate_file, "/c.pem");
  EXPECT_EQ(all[0].otlp.client_key_file, "/k.pem");
  const auto coded = make({.headers = {{"x", "1"}},
                           .protocol = OtlpProtocol::http_protobuf,
                           .compression = OtlpCompression::none,
                           .timeout = std::chrono::milliseconds(5)},
                          variables);
  EXPECT_EQ(coded[2].otlp.timeout.count(), 5);
  EXPECT_FALSE(coded[1].otlp.gzip);
  EXPECT_EQ(coded[0].otlp.protocol, OtlpProtocol::http_protobuf);
  EXPECT_EQ(coded[1].otlp.headers.front().first, "x");
  EXPECT_TRUE(warnings.empty());
}

TEST_F(OtlpOutputs, AWrongVariableIsOneWarningWithoutItsSecretAndTheNextCounts) {
  const auto all = make({.send_metrics = false, .send_logs = false},
                        {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318"},
                         {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                         {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret,broken"},
                         {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
                         {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                         {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"}});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].otlp.url, "http://c:4318/v1/traces");
  EXPECT_TRUE(all[0].otlp.headers.empty());
  EXPECT_EQ(all[0].otlp.timeout, std::chrono::seconds(10));
  EXPECT_EQ(all[0].otlp.protocol, OtlpProtocol::http_protobuf);
  EXPECT_EQ(warnings.size(), 5u);
  for (const Diagnostic& warning : warnings) {
    EXPECT_EQ(warning.message.find("s3cret"), std::string::npos);
  }
}

TEST_F(OtlpOutputs, AWrongValueInCodeIsRefusedInOneLine) {
  EXPECT_TRUE(make({.endpoint = "localhost:4318"}).empty());
  EXPECT_NE(error.find("outputs[0].endpoint"), std::string::npos) << error;
  EXPECT_TRUE(make({.headers = {{"Content-Length", "1"}}}).empty());
  EXPECT_TRUE(make({.headers = {{"x", "s3cret\r\ninjected: 1"}}}).empty());
  EXPECT_EQ(error.find("s3cret"), std::string::npos) << error;
  EXPECT_TRUE(make({.timeout = std::chrono::milliseconds(0)}).empty());
  EXPECT_TRUE(make({.send_traces = false, .send_metrics = false, .send_logs = false}).empty());
  EXPECT_NE(error.find("sends no signal"), std::string::npos) << error;
}

TEST_F(OtlpOutputs, MetricPreferencesComeFromTheirVariables) {
  const Variables variables{{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "LowMemory"},
                            {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                             "base2_exponential_bucket_histogram"}};
  const MetricPreferences found = make({}, variables)[1].metrics;
  EXPECT_EQ(found.temporality, TemporalityPreference::low_memory);
  EXPECT_TRUE(found.exponential_histograms);
  const MetricPreferences coded =
      make({.temporality = TemporalityPreference::delta, .exponential_histograms = false},
           variables)[1]
          .metrics;
  EXPECT_EQ(coded.temporality, TemporalityPreference::delta);
  EXPECT_FALSE(coded.exponential_histograms);
}

}  // namespace
}  // namespace posthaste::config

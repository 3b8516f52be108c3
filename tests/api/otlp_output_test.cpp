#include "tests/support/tls_server.h"
#include "tools/emulator/emulator.h"

#include <posthaste/posthaste.h>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace posthaste {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

/// An emulator of its own thread.
class Receiver {
public:
  explicit Receiver(std::initializer_list<std::string_view> faults = {}) {
    tools::EmulatorSettings settings;
    settings.otlp_port = 0;
    for (const std::string_view fault : faults) {
      settings.faults.push_back(tools::parse_fault(fault).value());
    }
    auto started = tools::Emulator::start(std::move(settings), system_clock());
    emulator_ = std::move(started).value();
    thread_ = std::thread([this] { emulator_->run(); });
  }
  ~Receiver() { stop(); }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(emulator_->address().otlp);
  }
  std::string connection_string() const { return emulator_->address().connection_string(); }
  /// Ends it.
  json::object summary() {
    stop();
    return json::parse(emulator_->summary()).as_object();
  }

private:
  void stop() {
    if (!thread_.joinable()) return;
    emulator_->stop();
    thread_.join();
  }
  std::unique_ptr<tools::Emulator> emulator_;
  std::thread thread_;
};

std::int64_t count(const json::object& summary, std::string_view item, std::string_view what) {
  return summary.at("otlp").at(item).at(what).as_int64();
}

class OtlpOutput : public testing::Test {
protected:
  OtlpOutput() {
    std::filesystem::remove_all(directory_);
    settings_.service_name = "shop";
    settings_.store.directory = directory_;
    settings_.batch.delay = 20ms;
    settings_.diagnostics = [this](const Diagnostic& diagnostic) {
      const std::lock_guard lock(mutex_);
      said_.push_back(diagnostic.message);
    };
  }
  ~OtlpOutput() override { std::filesystem::remove_all(directory_); }

  static void record(const Telemetry& telemetry, int spans) {
    const Tracer tracer = telemetry.tracer("checkout", "1.2");
    const Logger logger = telemetry.logger("checkout");
    const auto orders = telemetry.meter("checkout").counter("orders");
    for (int i = 0; i < spans; ++i) {
      Span span = tracer.start_span("charge card", {.kind = SpanKind::client});
      const Scope scope(span);
      span.set_attribute("order.id", i).add_event("sent");
      logger.info("charging", {{"order.id", i}});
      orders.add(1, {{"region", "eu"}});
    }
  }
  static void expect_law(const Ledger& ledger) {
    for (const OutputLedger& output : ledger.outputs) {
      EXPECT_EQ(ledger.accepted + output.recovered, output.delivered + output.in_store +
                                                        output.resident + output.for_others +
                                                        output.dropped.total())
          << output.name << ": " << output.last_error;
    }
  }
  static const OutputLedger& find(const Ledger& ledger, std::string_view name) {
    for (const OutputLedger& output : ledger.outputs) {
      if (output.name == name) return output;
    }
    static const OutputLedger none;
    ADD_FAILURE() << "no output " << name;
    return none;
  }
  int lines_with(std::string_view text) {
    const std::lock_guard lock(mutex_);
    int lines = 0;
    for (const std::string& line : said_) lines += line.find(text) != std::string::npos ? 1 : 0;
    return lines;
  }

  const std::string directory_ = testing::TempDir() + "otlp_output_store";
  Settings settings_;

private:
  std::mutex mutex_;
  std::vector<std::string> said_;
};

/// OTEL_..._EXPORTER while a test runs.
class Exporters {
public:
  explicit Exporters(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Exporters() {
    for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
  }
  Exporters(const Exporters&) = delete;
  Exporters& operator=(const Exporters&) = delete;

private:
  std::map<std::string, std::string> variables_;
};

TEST_F(OtlpOutput, ExportersOfTheEnvironmentDecideWhichOutputTakesASignal) {
  const Exporters exporters({{"OTEL_TRACES_EXPORTER", "azure_monitor"},
                             {"OTEL_METRICS_EXPORTER", "otlp"},
                             {"OTEL_LOGS_EXPORTER", "otlp,console"}});
  Receiver receiver;
  settings_.outputs = {AzureMonitor{.connection_string = receiver.connection_string()},
                       Otlp{.endpoint = receiver.url()}, Console{}};
  Telemetry telemetry = start(settings_);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  testing::internal::CaptureStderr();
  record(telemetry, 10);
  const FlushReport report = telemetry.flush(10s);
  const std::string console = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(report.complete);
  expect_law(report.ledger);
  EXPECT_EQ(report.ledger.outputs.size(), 4u);
  EXPECT_EQ(find(report.ledger, "azure_monitor").delivered, 10u);
  EXPECT_EQ(find(report.ledger, "otlp.logs").delivered, 10u);
  EXPECT_GE(find(report.ledger, "otlp.metrics").delivered, 1u);
  EXPECT_EQ(find(report.ledger, "console").delivered, 10u);
  EXPECT_NE(console.find("charging"), std::string::npos);
  EXPECT_EQ(console.find("RemoteDependencyData"), std::string::npos) << console;
}

TEST_F(OtlpOutput, IsConfiguredByTheEnvironmentAlone) {
  Receiver receiver;
  const Exporters exporters(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url()}, {"OTEL_METRICS_EXPORTER", "none"}});
  Telemetry telemetry = start(settings_);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  record(telemetry, 10);
  const FlushReport report = telemetry.flush(10s);
  EXPECT_EQ(report.ledger.outputs.size(), 2u);
  EXPECT_EQ(find(report.ledger, "otlp.traces").delivered, 10u);
  EXPECT_EQ(find(report.ledger, "otlp.logs").delivered, 10u);
  expect_law(report.ledger);
}

struct Variant {
  OtlpProtocol protocol;
  OtlpCompression compression;
};
class OtlpOutputFormats : public OtlpOutput, public testing::WithParamInterface<Variant> {};
INSTANTIATE_TEST_SUITE_P(
    All, OtlpOutputFormats,
    testing::Values(Variant{OtlpProtocol::http_protobuf, OtlpCompression::none},
                    Variant{OtlpProtocol::http_protobuf, OtlpCompression::gzip},
                    Variant{OtlpProtocol::http_json, OtlpCompression::none},
                    Variant{OtlpProtocol::http_json, OtlpCompression::gzip}),
    [](const auto& variant) {
      return std::string(variant.param.protocol == OtlpProtocol::http_json ? "json" : "protobuf") +
             (variant.param.compression == OtlpCompression::gzip ? "_gzip" : "");
    });

TEST_P(OtlpOutputFormats, SpansLogsAndMetricsArriveOnceAtTheirOwnUrls) {
  Receiver receiver;
  settings_.outputs = {Otlp{.endpoint = receiver.url(),
                            .protocol = GetParam().protocol,
                            .compression = GetParam().compression}};
  Telemetry telemetry = start(settings_);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  record(telemetry, 1500);
  const FlushReport report = telemetry.flush(10s);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(find(report.ledger, "otlp.traces").delivered, 1500u);
  EXPECT_EQ(find(report.ledger, "otlp.logs").delivered, 1500u);
  EXPECT_GE(find(report.ledger, "otlp.metrics").delivered, 1u);
  EXPECT_EQ(find(report.ledger, "otlp.metrics").in_store, 0u);
  telemetry.shutdown(5s);
  expect_law(telemetry.ledger());
  const json::object summary = receiver.summary();
  EXPECT_EQ(count(summary, "spans", "distinct"), 1500);
  EXPECT_EQ(count(summary, "spans", "duplicates"), 0);
  EXPECT_EQ(count(summary, "logs", "accepted"), 1500);
  EXPECT_EQ(static_cast<std::uint64_t>(count(summary, "points", "accepted")),
            find(telemetry.ledger(), "otlp.metrics").delivered);
}

TEST_F(OtlpOutput, OneThatIsDownDelaysNoOtherAndLosesNothing) {
  Receiver azure;
  Receiver otlp({"status=503,next=6"});
  settings_.outputs = {AzureMonitor{.connection_string = azure.connection_string()},
                       Otlp{.endpoint = otlp.url(), .send_metrics = false}};
  Telemetry telemetry = start(settings_);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  record(telemetry, 400);
  const auto begun = std::chrono::steady_clock::now();
  while (find(telemetry.ledger(), "azure_monitor").delivered < 800 &&
         std::chrono::steady_clock::now() - begun < 5s) {
    static_cast<void>(telemetry.flush(100ms));
  }
  EXPECT_GE(find(telemetry.ledger(), "azure_monitor").delivered, 800u);
  while (find(telemetry.ledger(), "otlp.traces").delivered +
                 find(telemetry.ledger(), "otlp.logs").delivered <
             800 &&
         std::chrono::steady_clock::now() - begun < 30s) {
    static_cast<void>(telemetry.flush(100ms));
  }
  telemetry.shutdown(5s);  // the books close when nothing moves
  expect_law(telemetry.ledger());
  EXPECT_EQ(telemetry.ledger().outputs[1].dropped.total(), 0u);
  const json::object summary = otlp.summary();
  EXPECT_EQ(count(summary, "spans", "distinct"), 400);
  EXPECT_EQ(count(summary, "logs", "accepted"), 400);
  EXPECT_EQ(count(summary, "spans", "duplicates"), 0);
  EXPECT_EQ(summary.at("otlp").at("faulted_requests").as_int64(), 6);
}

TEST_F(OtlpOutput, WhatAPartialSuccessRejectsIsCountedAndSaidOnce) {
  Receiver receiver({"items=10%:400"});
  settings_.outputs = {Otlp{.endpoint = receiver.url(), .send_metrics = false, .send_logs = false}};
  Telemetry telemetry = start(settings_);
  record(telemetry, 1000);
  const FlushReport report = telemetry.flush(10s);
  EXPECT_TRUE(report.complete);
  expect_law(report.ledger);
  const OutputLedger& traces = find(report.ledger, "otlp.traces");
  const json::object summary = receiver.summary();
  EXPECT_EQ(static_cast<std::int64_t>(traces.dropped[DropReason::rejected]),
            count(summary, "spans", "rejected"));
  EXPECT_EQ(static_cast<std::int64_t>(traces.delivered), count(summary, "spans", "accepted"));
  EXPECT_GT(traces.dropped[DropReason::rejected], 50u);
  EXPECT_EQ(lines_with("were refused for good: Set by an emulator fault"), 1);
}

TEST_P(OtlpOutputFormats, ARequestThatIsTooLargeIsSentInPartsUntilAllIsTaken) {
  Receiver receiver({"max-items=70"});
  settings_.outputs = {Otlp{.endpoint = receiver.url(),
                            .protocol = GetParam().protocol,
                            .compression = GetParam().compression}};
  settings_.batch.delay = 500ms;
  Telemetry telemetry = start(settings_);
  record(telemetry, 300);
  EXPECT_TRUE(telemetry.flush(10s).complete);
  telemetry.shutdown(5s);
  expect_law(telemetry.ledger());
  EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").delivered, 300u);
  EXPECT_EQ(find(telemetry.ledger(), "otlp.logs").delivered, 300u);
  const json::object summary = receiver.summary();
  EXPECT_EQ(count(summary, "spans", "distinct"), 300);
  EXPECT_EQ(count(summary, "spans", "duplicates"), 0);
  EXPECT_EQ(count(summary, "logs", "distinct"), 300);
  EXPECT_GE(summary.at("otlp").at("answers").at("413").as_int64(), 2);
}

TEST_F(OtlpOutput, OneItemThatIsTooLargeAloneIsDroppedAsSuchAndTheOthersGoOn) {
  Receiver receiver({"status=413,next=4"});  // of 8 items: 8, 4, 2, 1
  settings_.outputs = {Otlp{.endpoint = receiver.url(), .send_metrics = false, .send_logs = false}};
  Telemetry telemetry = start(settings_);
  record(telemetry, 8);
  EXPECT_TRUE(telemetry.flush(10s).complete);
  const OutputLedger traces = find(telemetry.ledger(), "otlp.traces");
  EXPECT_EQ(traces.dropped[DropReason::too_large], 1u);
  EXPECT_EQ(traces.delivered, 7u);
  EXPECT_EQ(count(receiver.summary(), "spans", "distinct"), 7);
}

TEST_F(OtlpOutput, WhatWasStoredAndIsTooLargeIsSentInPartsToo) {
  Receiver receiver({"max-items=10"});
  Otlp output{.endpoint = receiver.url(),
              .send_metrics = false,
              .send_logs = false,
              .ca_file = "/nowhere/ca.pem"};  // unusable: all is stored
  settings_.outputs = {output};
  {
    Telemetry telemetry = start(settings_);
    record(telemetry, 30);
    telemetry.shutdown(3s);
    EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").in_store, 30u);
  }
  output.ca_file.clear();
  settings_.outputs = {output};
  Telemetry telemetry = start(settings_);
  const auto begun = std::chrono::steady_clock::now();
  while (find(telemetry.ledger(), "otlp.traces").delivered < 30 &&
         std::chrono::steady_clock::now() - begun < 10s) {
    static_cast<void>(telemetry.flush(50ms));
  }
  EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").replayed, 30u);
  EXPECT_EQ(count(receiver.summary(), "spans", "distinct"), 30);
}

TEST_F(OtlpOutput, WhatTheSpecificationForbidsToSendAgainIsDroppedWithTheServersWords) {
  Receiver receiver({"status=400"});
  settings_.outputs = {Otlp{.endpoint = receiver.url(), .send_metrics = false, .send_logs = false}};
  Telemetry telemetry = start(settings_);
  record(telemetry, 10);
  EXPECT_TRUE(telemetry.flush(10s).complete);
  EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").dropped[DropReason::rejected], 10u);
  EXPECT_EQ(lines_with("status 400: Set by an emulator fault"), 1);
}

TEST_F(OtlpOutput, ABadCertificateIsOneLineAndTheOtherOutputGoesOn) {
  Receiver azure;
  settings_.outputs = {AzureMonitor{.connection_string = azure.connection_string()},
                       Otlp{.endpoint = "https://127.0.0.1:1",
                            .send_metrics = false,
                            .send_logs = false,
                            .client_certificate_file = "/nowhere/client.pem",
                            .client_key_file = "/nowhere/client.key"}};
  {
    Telemetry telemetry = start(settings_);
    ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
    record(telemetry, 20);
    telemetry.shutdown(3s);
    EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").in_store, 20u);
    EXPECT_GE(find(telemetry.ledger(), "azure_monitor").delivered, 40u);
    expect_law(telemetry.ledger());
  }
  EXPECT_EQ(lines_with("client's certificate \"/nowhere/client.pem\" cannot be used"), 1);
}

/// A server of OTLP that lets nobody in but clients with a certificate of its own authority.
class GuardedReceiver {
public:
  testing_support::TestAuthority authority;
  std::atomic<int> requests{0};

  std::string url() const { return "https://localhost:" + std::to_string(server_.port()); }

private:
  testing_support::TlsServer server_{
      {.certificate = authority.issue({}), .client_authority = authority.pem()},
      [this](testing_support::ServerConnection& connection) {
        while (connection.read_request()) {
          ++requests;
          connection.answer(200, "", "Content-Type: application/x-protobuf\r\n");
        }
      }};
};

class OtlpClientCertificate : public OtlpOutput {
protected:
  OtlpClientCertificate() { std::filesystem::create_directories(files_); }
  ~OtlpClientCertificate() override { std::filesystem::remove_all(files_); }

  Otlp with(const testing_support::Certificate& certificate) const {
    Otlp otlp = without();
    otlp.client_certificate_file = files_ + "/client.pem";
    otlp.client_key_file = files_ + "/client.key";
    std::ofstream(otlp.client_certificate_file) << certificate.certificate;
    std::ofstream(otlp.client_key_file) << certificate.key;
    return otlp;
  }
  Otlp without() const {
    return {.endpoint = guarded_.url(),
            .send_metrics = false,
            .send_logs = false,
            .ca_file = guarded_.authority.file()};
  }
  /// With Azure Monitor beside it: 20 spans and logs, and the end.
  Ledger run(const Otlp& otlp, Receiver& azure) {
    settings_.outputs = {AzureMonitor{.connection_string = azure.connection_string()}, otlp};
    Telemetry telemetry = start(settings_);
    record(telemetry, 20);
    static_cast<void>(telemetry.flush(1500ms));
    telemetry.shutdown(3s);
    return telemetry.ledger();
  }
  void expect_stored(const Otlp& otlp) {
    Receiver azure;
    const Ledger ledger = run(otlp, azure);
    expect_law(ledger);
    const OutputLedger& traces = find(ledger, "otlp.traces");
    EXPECT_EQ(traces.in_store, 20u);
    // Ambiguous it may be: the connection may go before the request's answer, which is a refusal.
    EXPECT_EQ(traces.delivered + traces.dropped.total(), 0u);
    EXPECT_GE(find(ledger, "azure_monitor").delivered, 40u);
    EXPECT_EQ(lines_with("accepts only clients that it knows"), 1);
    EXPECT_EQ(guarded_.requests, 0);
  }

  const GuardedReceiver guarded_;

private:
  const std::string files_ = testing::TempDir() + "otlp_client_certificate";
};

TEST_F(OtlpClientCertificate, IsShownInTheHandshake) {
  Receiver azure;
  const Ledger ledger = run(with(guarded_.authority.issue({{"orders"}})), azure);
  expect_law(ledger);
  EXPECT_EQ(find(ledger, "otlp.traces").delivered, 20u);
  EXPECT_GE(guarded_.requests, 1);
}

TEST_F(OtlpClientCertificate, MissingIsOneLineTheDataIsStoredAndTheOtherOutputGoesOn) {
  expect_stored(without());
}

TEST_F(OtlpClientCertificate, OfAStrangerIsOneLineTheDataIsStoredAndTheOtherOutputGoesOn) {
  expect_stored(with(testing_support::TestAuthority().issue({{"orders"}})));
}

TEST_F(OtlpOutput, ABadEndpointIsOneLineTheDataIsStoredAndTheOtherOutputGoesOn) {
  for (const char* const bad : {"http://127.0.0.1:1", "http://no-such-collector.invalid:4318"}) {
    Receiver azure;
    settings_.outputs = {AzureMonitor{.connection_string = azure.connection_string()},
                         Otlp{.endpoint = bad, .send_metrics = false, .send_logs = false}};
    settings_.store.directory = directory_ + "/" + std::to_string(std::strlen(bad));
    Telemetry telemetry = start(settings_);
    record(telemetry, 20);
    telemetry.shutdown(3s);
    expect_law(telemetry.ledger());
    EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").in_store, 20u) << bad;
    EXPECT_GE(find(telemetry.ledger(), "azure_monitor").delivered, 40u) << bad;
  }
  EXPECT_EQ(lines_with("no connection to 127.0.0.1:1"), 1);
  EXPECT_EQ(lines_with("no-such-collector.invalid could not be resolved"), 1);
}

TEST_F(OtlpOutput, ABadHeaderInTheEnvironmentIsOneLineForAllSignalsAndNothingIsLost) {
  Receiver receiver;
  const std::map<std::string, std::string> variables{
      {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cr3t%0d%0aHost: evil"}};
  const Exporters exporters(variables);
  settings_.outputs = {AzureMonitor{.connection_string = receiver.connection_string()},
                       Otlp{.endpoint = receiver.url()}};
  Telemetry telemetry = start(settings_);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  record(telemetry, 20);
  EXPECT_TRUE(telemetry.flush(10s).complete);
  EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").delivered, 20u);
  EXPECT_GE(find(telemetry.ledger(), "azure_monitor").delivered, 40u);
  EXPECT_EQ(lines_with("OTEL_EXPORTER_OTLP_HEADERS"), 1);
  EXPECT_EQ(lines_with("s3cr3t"), 0);
}

TEST_F(OtlpOutput, WhatWasStoredIsSentAsWhatItIsByALaterProcessWithOtherSettings) {
  Receiver receiver;
  const auto down = [&](bool first) {
    return Otlp{.endpoint = receiver.url(),
                .send_metrics = false,
                .send_logs = false,
                .protocol = first ? OtlpProtocol::http_json : OtlpProtocol::http_protobuf,
                .compression = first ? OtlpCompression::gzip : OtlpCompression::none,
                .ca_file = first ? "/nowhere/ca.pem" : ""};  // unusable: all is stored
  };
  settings_.outputs = {down(true)};
  {
    Telemetry telemetry = start(settings_);
    record(telemetry, 30);
    telemetry.shutdown(3s);
    EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").in_store, 30u);
  }
  settings_.outputs = {down(false)};
  Telemetry telemetry = start(settings_);
  const auto begun = std::chrono::steady_clock::now();
  while (find(telemetry.ledger(), "otlp.traces").delivered < 30 &&
         std::chrono::steady_clock::now() - begun < 10s) {
    static_cast<void>(telemetry.flush(50ms));
  }
  EXPECT_EQ(find(telemetry.ledger(), "otlp.traces").replayed, 30u);
  EXPECT_EQ(count(receiver.summary(), "spans", "distinct"), 30);
}

}  // namespace
}  // namespace posthaste

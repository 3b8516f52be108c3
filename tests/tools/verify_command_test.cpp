#include "tests/tools/program.h"

#include "tools/emulator/emulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace posthaste::tools {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::run;

/// An emulator of both kinds on a thread of its own; the command runs against it.
struct VerifyCommand : ::testing::Test {
  void start(std::string_view fault = {}, bool https = false) {
    EmulatorSettings settings;
    settings.otlp_port = 0;
    settings.control_port = 0;
    if (https) {
      settings.https_port = 0;
      settings.certificate_directory = ::testing::TempDir() + "verify_command_certificates";
    }
    if (!fault.empty()) settings.faults.push_back(parse_fault(fault).value());
    emulator = Emulator::start(std::move(settings), system_clock()).value();
    thread.emplace([this] { emulator->run(); });
  }
  ~VerifyCommand() override {
    if (!thread) return;
    emulator->stop();
    thread->join();
  }

  std::string otlp() const { return local("http", emulator->address().otlp); }
  static std::string local(std::string_view scheme, std::uint16_t port) {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port);
  }
  std::map<std::string, std::string> environment() const {
    return {{"APPLICATIONINSIGHTS_CONNECTION_STRING", emulator->address().connection_string()},
            {"OTEL_EXPORTER_OTLP_ENDPOINT", otlp()},
            // None of these may change what is sent, or what is left behind.
            {"OTEL_TRACES_SAMPLER", "always_off"},
            {"POSTHASTE_PROCESS_METRICS", "true"},
            {"XDG_STATE_HOME", state_home}};
  }
  json::object received() {
    emulator->stop();
    thread->join();
    thread.reset();
    return json::parse(emulator->summary()).as_object();
  }

  const std::string state_home = ::testing::TempDir() + "verify_command_state";
  std::unique_ptr<Emulator> emulator;
  std::optional<std::thread> thread;
};

json::object output_of(const Outcome& outcome, std::string_view name) {
  const json::value report = json::parse(outcome.out);
  for (const json::value& output : report.at("outputs").as_array()) {
    if (output.at("name").as_string() == json::string_view(name.data(), name.size())) {
      return output.as_object();
    }
  }
  ADD_FAILURE() << "no output " << name << " in " << outcome.out;
  return {};
}

TEST_F(VerifyCommand, SendsOneOfEachKindToEveryOutputAndSaysThatItArrived) {
  start();
  const Outcome outcome = run({"verify"}, environment());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("azure_monitor   " + local("http", emulator->address().http) +
                                     "/v2.1/track\n  accepted: 4 records\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("otlp.traces   " + otlp() + "/v1/traces\n  accepted: 2 records\n"));
  EXPECT_THAT(outcome.out, HasSubstr("/v1/metrics\n  accepted: 1 record\n"));
  EXPECT_THAT(outcome.out, HasSubstr("/v1/logs\n  accepted: 1 record\n"));
  EXPECT_EQ(outcome.err, "");
  EXPECT_FALSE(std::filesystem::exists(state_home));
  const json::object summary = received();
  for (const char* const type : {"request", "dependency", "trace", "exception", "metric"}) {
    EXPECT_EQ(summary.at("by_type").at(type).at("accepted").as_int64(), 1) << type;
  }
  EXPECT_EQ(summary.at("otlp").at("spans").at("accepted").as_int64(), 2);
  EXPECT_EQ(summary.at("otlp").at("logs").at("accepted").as_int64(), 1);
  // A cumulative point is told again by the collection of the end, where that is in time.
  EXPECT_GE(summary.at("otlp").at("points").at("accepted").as_int64(), 1);
}

TEST_F(VerifyCommand, TellsARefusalByStatusAndInTheEndpointsOwnWords) {
  start("status=401,only=otlp");
  const Outcome outcome = run({"verify"}, environment());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("/v2.1/track\n  accepted: 4 records\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("/v1/logs\n  refused with status 401\n"
                        "  Set by an emulator fault\n"
                        "  mend: see the credentials in OTEL_EXPORTER_OTLP_HEADERS\n"));
}

TEST_F(VerifyCommand, TellsWhichItemsWereRefused) {
  start("item=0:400");
  const Outcome outcome = run({"verify", "--json"}, environment());
  EXPECT_EQ(outcome.exit_code, 1);
  const json::object azure = output_of(outcome, "azure_monitor");
  EXPECT_EQ(azure.at("answered").as_string(), "in_part");
  EXPECT_EQ(azure.at("delivered").as_int64(), 3);
  EXPECT_THAT(std::string(azure.at("text").as_string()), HasSubstr("Set by an emulator fault"));
  EXPECT_EQ(output_of(outcome, "otlp.traces").at("answered").as_string(), "in_part");
  EXPECT_EQ(output_of(outcome, "otlp.logs").at("answered").as_string(), "refused");
}

TEST_F(VerifyCommand, DoesNotWaitForWhatIsToBeSentAgain) {
  start("status=503,retry-after=3600");
  const Outcome outcome = run({"verify", "--json", "--timeout", "60"}, environment());
  EXPECT_EQ(outcome.exit_code, 1);
  for (const char* const name : {"azure_monitor", "otlp.traces", "otlp.metrics", "otlp.logs"}) {
    const json::object output = output_of(outcome, name);
    EXPECT_EQ(output.at("answered").as_string(), "later") << name;
    EXPECT_EQ(output.at("status").as_int64(), 503) << name;
  }
}

TEST_F(VerifyCommand, SaysThatNothingListensWithoutDelay) {
  start();
  const std::string gone = otlp();
  received();
  emulator.reset();  // its ports are closed now
  const Outcome outcome = run({"verify", "--otlp-endpoint", gone, "--timeout", "60"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.out,
              HasSubstr("  unreachable: connect_failed\n  no connection to 127.0.0.1"));
  EXPECT_THAT(outcome.out, HasSubstr("  mend: see that something listens there"));
}

TEST_F(VerifyCommand, SaysThatANameDoesNotExist) {
  const Outcome outcome =
      run({"verify", "--json", "--otlp-endpoint", "http://no-such-host.invalid:4318"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(output_of(outcome, "otlp.traces").at("why").as_string(), "name_not_resolved");
}

TEST_F(VerifyCommand, SaysThatACertificateIsNotTrustedUntilItsAuthorityIsNamed) {
  start({}, true);
  const std::string url = local("https", emulator->address().https);
  const Outcome refused = run({"verify", "--json", "--otlp-endpoint", url});
  EXPECT_EQ(refused.exit_code, 3);
  const json::object traces = output_of(refused, "otlp.traces");
  EXPECT_EQ(traces.at("answered").as_string(), "unreachable");
  EXPECT_EQ(traces.at("why").as_string(), "certificate_rejected");
  EXPECT_THAT(std::string(traces.at("mend").as_string()),
              HasSubstr("OTEL_EXPORTER_OTLP_CERTIFICATE"));
  const Outcome trusted =
      run({"verify", "--otlp-endpoint", url, "--ca-file", emulator->address().ca_path});
  EXPECT_EQ(trusted.exit_code, 0) << trusted.out;
}

TEST_F(VerifyCommand, SaysThatAPortSpeaksNoTls) {
  start();
  const Outcome outcome =
      run({"verify", "--json", "--otlp-endpoint", local("https", emulator->address().otlp)});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(output_of(outcome, "otlp.logs").at("why").as_string(), "tls_failed");
}

TEST_F(VerifyCommand, GivesUpOnSilenceAtItsTimeout) {
  start("blackhole,only=otlp");
  const Outcome outcome = run({"verify", "--json", "--timeout", "0.5"}, environment());
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(output_of(outcome, "azure_monitor").at("answered").as_string(), "accepted");
  EXPECT_EQ(output_of(outcome, "otlp.traces").at("answered").as_string(), "undecided");
}

TEST_F(VerifyCommand, StartsNothingWithWrongSettingsOrNone) {
  const Outcome none = run({"verify"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("posthaste verify: error PH-SET-102: "));
  EXPECT_THAT(none.err, HasSubstr("APPLICATIONINSIGHTS_CONNECTION_STRING"));
  const Outcome wrong = run({"verify", "--otlp-endpoint", "localhost"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("is not an http:// or https:// URL"));
}

TEST_F(VerifyCommand, SaysWhatItIgnoredInTheEnvironment) {
  start();
  auto variables = environment();
  variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "carrier-pigeon";
  const Outcome outcome = run({"verify"}, variables);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("PH-SET-101"));
  EXPECT_THAT(outcome.err, HasSubstr("carrier-pigeon"));
}

}  // namespace
}  // namespace posthaste::tools

#include "tests/tools/emulator/loopback_client.h"
#include "tests/tools/emulator/sample_items.h"
#include "tests/tools/program.h"

#include "runtime/base/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace posthaste::tools {
namespace {

using ::testing::HasSubstr;
using testing::LoopbackClient;
using testing::Program;

std::filesystem::path scratch() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto path = std::filesystem::path(::testing::TempDir()) /
                    (std::string("posthaste_emulator_command_") + test->name());
  std::filesystem::create_directories(path);
  return path;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::time_t seconds_now() {
  const auto now = system_clock().wall().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

/// The sample, as of today: the program has the machine's clock.
std::string request_of_today() {
  const std::time_t now = seconds_now();
  char text[40];
  std::tm parts{};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", ::gmtime_r(&now, &parts));
  return testing::replaced(testing::good_request(), "2023-11-14T22:13:20.123Z", text);
}

std::uint16_t port_of(const boost::json::object& ready, std::string_view name) {
  return static_cast<std::uint16_t>(
      ready.at(boost::json::string_view(name.data(), name.size())).as_int64());
}

TEST(EmulatorCommand, SaysOnOneLineWhereItListens) {
  const auto directory = scratch();
  const std::string ready_file = directory / "ready";
  Program program({"emulator", "--port", "0", "--https-port", "0", "--control-port", "0",
                   "--ready-file", ready_file},
                  {{"XDG_STATE_HOME", directory / "state"}});
  const std::string line = program.read_line();
  EXPECT_EQ(file_text(ready_file), line + '\n');
  const auto ready = boost::json::parse(line).as_object();
  const std::uint16_t http = port_of(ready, "http");
  EXPECT_EQ(ready.at("connection_string").as_string(),
            "InstrumentationKey=00000000-0000-4000-8000-000000000001;IngestionEndpoint="
            "http://127.0.0.1:" +
                std::to_string(http) + '/');
  EXPECT_EQ(ready.at("ca").as_string(), (directory / "state/posthaste/emulator/ca.pem").string());
  const std::string body = request_of_today();
  EXPECT_EQ(LoopbackClient(http).request("POST", "/v2.1/track", body)->status, 200u);
  EXPECT_EQ(LoopbackClient(port_of(ready, "control")).request("GET", "/control/summary")->status,
            200u);
  LoopbackClient secure(port_of(ready, "https"), ready.at("ca").as_string().c_str(), "localhost",
                        seconds_now());
  ASSERT_TRUE(secure.secured());
  EXPECT_EQ(secure.request("POST", "/v2.1/track", body)->status, 200u);
  program.signal(SIGINT);
  EXPECT_EQ(program.wait().exit_code, 0);
  std::filesystem::remove_all(directory);
}

TEST(EmulatorCommand, WritesItsRecordsBeforeSigtermEndsIt) {
  const auto directory = scratch();
  const std::string record = directory / "record";
  Program program({"emulator", "--port", "0", "--no-https", "--record", record});
  const auto ready = boost::json::parse(program.read_line()).as_object();
  EXPECT_FALSE(ready.contains("https"));
  LoopbackClient(port_of(ready, "http")).request("POST", "/v2.1/track", request_of_today());
  program.signal(SIGTERM);
  const testing::Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr(R"("accepted":1)"));
  EXPECT_EQ(boost::json::parse(file_text(record)).at("request").as_int64(), 1);
  std::filesystem::remove_all(directory);
}

TEST(EmulatorCommand, FlushesItsRecordsWhenAsked) {
  const auto directory = scratch();
  const std::string ids = directory / "ids";
  Program program({"emulator", "--port", "0", "--no-https", "--record-ids", ids});
  const auto http = port_of(boost::json::parse(program.read_line()).as_object(), "http");
  LoopbackClient client(http);
  client.request("POST", "/v2.1/track", request_of_today());
  client.request("POST", "/control/flush");
  EXPECT_EQ(file_text(ids), "request 0af7651916cd43dd8448eb211c80319c 00f067aa0ba902b7\n");
  std::filesystem::remove_all(directory);
}

TEST(EmulatorCommand, TellsWrongUsageFromAFailingMachine) {
  const auto code = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "emulator");
    return testing::run(std::move(arguments)).exit_code;
  };
  EXPECT_EQ(code({"--bind", "0.0.0.0"}), 2);
  EXPECT_EQ(code({"--nonsense"}), 2);
  EXPECT_EQ(code({"--port", "70000"}), 2);
  EXPECT_EQ(code({"--port", "0", "--no-https", "--fault", "nonsense"}), 2);
  EXPECT_EQ(code({"--port", "0", "--no-https", "--fault", "refuse"}), 2);
  EXPECT_EQ(code({"--port", "0", "--no-https", "--record", "/nowhere/x"}), 3);
  EXPECT_EQ(code({"--port", "0", "--https-port", "0", "--cert-dir", "/proc/x"}), 3);
  EXPECT_EQ(code({"--help"}), 0);
}

TEST(Posthaste, TellsItsVersionAndExitCodes) {
  EXPECT_THAT(testing::run({"--version"}).out, ::testing::StartsWith("posthaste "));
  EXPECT_THAT(testing::run({"--help"}).out, HasSubstr("Exit codes"));
  EXPECT_EQ(testing::run({}).exit_code, 2);
  EXPECT_EQ(testing::run({"nonsense"}).exit_code, 2);
}

}  // namespace
}  // namespace posthaste::tools

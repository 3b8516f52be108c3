#include "tests/tools/program.h"

#include "runtime/base/clock.h"
#include "tools/emulator/emulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace posthaste::tools {
namespace {

using testing::Outcome;
using testing::Program;

/// An emulator in this process that records ids, and a place for everything.
struct LoadCommand : ::testing::Test {
  LoadCommand() {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    EmulatorSettings settings;
    settings.record_ids_path = directory / "received";
    auto started = Emulator::start(std::move(settings), system_clock());
    if (!started) std::abort();
    emulator = std::move(*started);
    thread = std::thread([this] { emulator->run(); });
  }
  ~LoadCommand() override {
    stop();
    std::filesystem::remove_all(directory);
  }

  void stop() {
    if (!thread.joinable()) return;
    emulator->stop();
    thread.join();
  }
  boost::json::object received() {
    stop();
    return boost::json::parse(emulator->summary()).as_object();
  }
  /// Trace and span ids of the items that have a span's own.
  std::set<std::string> received_ids() {
    stop();
    std::set<std::string> ids;
    std::ifstream lines(directory / "received");
    for (std::string type, trace, span; lines >> type >> trace >> span;) {
      if (span != "-") ids.insert(trace + ' ' + span);
    }
    return ids;
  }
  std::set<std::string> recorded_ids() {
    std::set<std::string> ids;
    std::ifstream lines(directory / "ids");
    for (std::string line; std::getline(lines, line);) ids.insert(line);
    return ids;
  }
  std::vector<std::string> arguments(std::vector<std::string> more) {
    std::vector<std::string> all{"load",
                                 "--connection-string",
                                 emulator->address().connection_string(),
                                 "--store",
                                 directory / "store",
                                 "--arena-dir",
                                 "/dev/shm",
                                 "--ids",
                                 directory / "ids",
                                 "--service-name",
                                 directory.filename()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  const std::filesystem::path directory =
      std::filesystem::path(::testing::TempDir()) /
      (std::string("posthaste_load_command_") +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::unique_ptr<Emulator> emulator;
  std::thread thread;
};

TEST_F(LoadCommand, ReportsWhatTheReceiverSaw) {
  const Outcome outcome = testing::run(
      arguments({"--spans", "4000", "--rate", "0", "--threads", "4", "--profile", "mixed"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  const auto report = boost::json::parse(outcome.out).as_object();
  EXPECT_EQ(report.at("recorded").as_int64(), 4000);
  EXPECT_EQ(report.at("offered").as_int64(), 4000);
  EXPECT_EQ(report.at("accepted").as_int64(), 4000);
  EXPECT_EQ(report.at("delivered").as_int64(), 4000);
  EXPECT_GT(report.at("latency_ns").at("p50").as_int64(), 0);
  const auto summary = received();
  EXPECT_EQ(summary.at("by_type").at("request").at("distinct").as_int64(), 1000);
  EXPECT_EQ(summary.at("by_type").at("dependency").at("distinct").as_int64(), 2000);
  EXPECT_EQ(summary.at("by_type").at("trace").at("accepted").as_int64(), 1000);
  EXPECT_EQ(summary.at("items").at("rejected").as_int64(), 0);
  EXPECT_EQ(recorded_ids().size(), 3000u);
  EXPECT_EQ(recorded_ids(), received_ids());
}

TEST_F(LoadCommand, MeasuresWhatTheReceiverSumsUp) {
  const Outcome outcome =
      testing::run(arguments({"--spans", "20000", "--rate", "0", "--threads", "4", "--profile",
                              "metric", "--thread-turns", "500"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  const auto report = boost::json::parse(outcome.out).as_object();
  EXPECT_EQ(report.at("recorded").as_int64(), 20'000);
  const auto metrics = received().at("metrics").as_object();
  EXPECT_EQ(metrics.at("load.measurements").at("sum").to_number<double>(), 20'000);
  EXPECT_EQ(metrics.at("load.measurements").at("points").as_int64(), 100);
  EXPECT_EQ(metrics.at("load.sizes").at("points").as_int64(), 1);
}

TEST_F(LoadCommand, LetsThreadsComeAndGo) {
  const Outcome outcome = testing::run(
      arguments({"--spans", "600", "--rate", "0", "--threads", "3", "--thread-turns", "20"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(recorded_ids().size(), 600u);
  EXPECT_EQ(recorded_ids(), received_ids());
}

TEST_F(LoadCommand, EndsEarlyWithAReportOnSigterm) {
  const std::string report_path = directory / "report";
  Program program(arguments({"--duration", "1000", "--rate", "500", "--report", report_path}));
  while (recorded_ids().empty()) {
  }
  program.signal(SIGTERM);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::ifstream file(report_path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto report = boost::json::parse(text).as_object();
  EXPECT_TRUE(report.at("law_holds").as_bool()) << text;
  EXPECT_EQ(recorded_ids(), received_ids());
}

TEST_F(LoadCommand, TellsWrongUsageFromAFailingMachine) {
  EXPECT_EQ(testing::run({"load", "--profile", "nonsense"}).exit_code, 2);
  EXPECT_EQ(testing::run({"load", "--connection-string", "nonsense"}).exit_code, 2);
  EXPECT_EQ(testing::run({"load", "--threads", "0"}).exit_code, 2);
  EXPECT_EQ(testing::run(arguments({"--ids", "/nowhere/ids"})).exit_code, 2);  // given twice
  EXPECT_EQ(testing::run({"load", "--ids", "/nowhere/ids"}).exit_code, 3);
}

}  // namespace
}  // namespace posthaste::tools

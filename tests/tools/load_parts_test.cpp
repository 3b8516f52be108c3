#include "tools/load/id_file.h"
#include "tools/load/load.h"
#include "tools/load/pace.h"
#include "tools/load/workload.h"

#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace posthaste::tools {
namespace {

std::string scratch_file() {
  return std::filesystem::path(::testing::TempDir()) /
         (std::string("posthaste_load_") +
          ::testing::UnitTest::GetInstance()->current_test_info()->name());
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Context span_number(std::uint8_t thread, std::uint32_t number) {
  TraceId trace;
  trace.bytes[0] = static_cast<std::uint8_t>(thread + 1);
  SpanId span;
  for (std::size_t i = 0; i < 4; ++i) {
    span.bytes[i] = static_cast<std::uint8_t>((number + 1) >> (8 * i));
  }
  return Context::remote(trace, span, true);
}

TEST(IdFile, HoldsEachLineOfEachThreadOnceItIsClosed) {
  const std::string path = scratch_file();
  auto file = IdFile::create(path);
  ASSERT_TRUE(file.has_value());
  constexpr std::uint32_t spans = IdFile::lines_in_chunk * 2 + 100;
  std::vector<std::thread> threads;
  for (std::uint8_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&file, thread] {
      IdWriter writer(file->get());
      for (std::uint32_t i = 0; i < spans; ++i) writer.write(span_number(thread, i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE((*file)->close().has_value());
  EXPECT_EQ((*file)->lost(), 0u);

  std::istringstream lines(file_text(path));
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    ASSERT_EQ(line.size(), IdFile::line_size - 1);
    EXPECT_TRUE(seen.insert(line).second) << line;
  }
  EXPECT_EQ(seen.size(), 3 * spans);
  EXPECT_TRUE(seen.contains("01000000000000000000000000000000 0100000000000000"));
  std::filesystem::remove(path);
}

// What a reader finds when the process is killed: lines are there without any call, and the rest of
// each chunk is zero.
TEST(IdFile, HasEveryLineInTheFileAtOnce) {
  const std::string path = scratch_file();
  auto file = IdFile::create(path);
  ASSERT_TRUE(file.has_value());
  IdWriter writer(file->get());
  for (std::uint32_t i = 0; i < 3; ++i) writer.write(span_number(0, i));
  const std::string text = file_text(path);
  ASSERT_EQ(text.size(), IdFile::line_size * IdFile::lines_in_chunk);
  EXPECT_EQ(text.find('\0'), 3 * IdFile::line_size);
  EXPECT_EQ(text[3 * IdFile::line_size - 1], '\n');
  std::filesystem::remove(path);
}

TEST(IdFile, SaysWhyItCannotBeMade) {
  const auto file = IdFile::create("/nowhere/ids");
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().message().find("/nowhere/ids"), std::string::npos);
}

TEST(IdWriter, DoesNothingWithoutAFile) {
  IdWriter writer(nullptr);
  EXPECT_FALSE(writer.enabled());
  writer.write(Context());
}

TEST(Pace, CatchesUpWithTheClock) {
  testing_support::ManualClock clock;
  Pace pace(1000, clock.steady(), clock);
  EXPECT_EQ(pace.due(), 1u);
  pace.did(1);
  EXPECT_EQ(pace.due(), 0u);
  clock.advance(std::chrono::seconds{2});
  EXPECT_EQ(pace.due(), 2000u);
  pace.did(500);
  EXPECT_EQ(pace.due(), 1500u);
  EXPECT_EQ(Pace(0, clock.steady(), clock).due(), ~std::uint64_t{0});
}

TEST(Workload, CountsTheRecordsOfEachProfile) {
  const Telemetry off;
  for (const std::string_view name : {"flat", "request", "log", "mixed", "metric"}) {
    const auto profile = profile_of(name);
    ASSERT_TRUE(profile.has_value()) << name;
    Workload workload(off, *profile, 8, nullptr);
    for (int i = 0; i < 100; ++i) workload.turn();
    EXPECT_EQ(workload.records(), 100u * records_in(*profile)) << name;
    EXPECT_EQ(workload.latency().count(), workload.records()) << name;
  }
  EXPECT_FALSE(profile_of("nonsense").has_value());
}

LoadReport report_of(std::uint64_t recorded, std::uint64_t delivered, std::uint64_t dropped) {
  LoadReport report;
  report.recorded = recorded;
  report.ledger.accepted = recorded;
  OutputLedger& output = report.ledger.outputs.emplace_back();
  output.name = "azure_monitor";
  output.delivered = delivered;
  output.dropped[DropReason::expired] = dropped;
  return report;
}

TEST(LoadReport, HoldsTheLawAgainstTheProducersOwnCount) {
  EXPECT_TRUE(report_of(10, 10, 0).nothing_lost());
  EXPECT_TRUE(report_of(10, 9, 1).law_holds());
  EXPECT_FALSE(report_of(10, 9, 1).nothing_lost());
  EXPECT_FALSE(report_of(10, 9, 0).law_holds());
  LoadReport unoffered = report_of(10, 10, 0);
  unoffered.recorded = 11;
  EXPECT_FALSE(unoffered.law_holds());
  LoadReport refused = report_of(10, 10, 0);
  refused.recorded = 12;
  refused.ledger.refused[RefusalReason::sampled] = 2;
  EXPECT_TRUE(refused.nothing_lost());
  LoadReport stored = report_of(10, 7, 0);
  stored.ledger.outputs[0].in_store = 3;
  EXPECT_TRUE(stored.nothing_lost());
  stored.ledger.outputs[0].in_store = 2;
  stored.ledger.outputs[0].resident = 1;
  EXPECT_TRUE(stored.law_holds());
  EXPECT_FALSE(stored.nothing_lost());
}

TEST(LoadReport, IsJsonWithTheNamesOfTheLedger) {
  LoadReport report = report_of(10, 9, 1);
  report.latency.record(100);
  report.tick_nanoseconds = 2;
  const auto json = boost::json::parse(report.to_json()).as_object();
  EXPECT_EQ(json.at("offered").as_int64(), 10);
  EXPECT_EQ(json.at("delivered").as_int64(), 9);
  EXPECT_EQ(json.at("dropped").at("expired").as_int64(), 1);
  EXPECT_EQ(json.at("outputs").at(0).at("name").as_string(), "azure_monitor");
  EXPECT_EQ(json.at("latency_ns").at("max").as_int64(), 200);
  EXPECT_TRUE(json.at("law_holds").as_bool());
  EXPECT_FALSE(json.at("nothing_lost").as_bool());
  for (const char* key : {"accepted", "refused", "stored", "resident", "recovered", "ambiguous",
                          "wall_seconds", "cpu_seconds", "peak_rss_bytes"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
}

}  // namespace
}  // namespace posthaste::tools

// `posthaste convert` as its users run it: what goes where, and how bad input ends.

#include "tests/tools/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace posthaste::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

constexpr std::string_view server_span = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{
  "traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"GET /pay",
  "kind":2,"startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225600250000000"}]}]}]})";

class ConvertCommand : public ::testing::Test {
protected:
  ConvertCommand() : directory_(::testing::TempDir() + "convert_command-XXXXXX") {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  ~ConvertCommand() override { fs::remove_all(directory_); }

  std::string write(const std::string& name, std::string_view content) const {
    const fs::path path = fs::path(directory_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  std::string read(const std::string& name) const {
    std::ifstream file(fs::path(directory_) / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static Outcome convert(std::vector<std::string> arguments,
                         const std::map<std::string, std::string>& environment = {}) {
    arguments.insert(arguments.begin(), "convert");
    return testing::run(std::move(arguments), environment);
  }

  std::string directory_;
};

std::ptrdiff_t lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

TEST_F(ConvertCommand, PrintsOneEnvelopeALine) {
  const Outcome outcome = convert({write("a.json", server_span), write("b.json", server_span)});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(lines(outcome.out), 2);
  EXPECT_THAT(outcome.out, HasSubstr(R"("baseType":"RequestData")"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ConvertCommand, TakesTheInstrumentationKeyOfTheConnectionString) {
  const Outcome outcome = convert({write("a.json", server_span), "--connection-string",
                                   "InstrumentationKey=11111111-2222-3333-4444-555555555555"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(R"("iKey":"11111111-2222-3333-4444-555555555555")"));
}

TEST_F(ConvertCommand, TakesTheConnectionStringOfTheEnvironment) {
  const Outcome outcome = convert({write("a.json", server_span)},
                                  {{"APPLICATIONINSIGHTS_CONNECTION_STRING",
                                    "InstrumentationKey=11111111-2222-3333-4444-555555555555"}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(R"("iKey":"11111111-2222-3333-4444-555555555555")"));
}

TEST_F(ConvertCommand, MakesAFileOfEachCase) {
  write("cases/first/input.json", server_span);
  write("cases/second/input.json", server_span);
  write("cases/no_case/other.json", "{");
  const Outcome outcome = convert({"--cases", directory_ + "/cases", "--out", directory_ + "/out"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(lines(read("out/first.ndjson")), 1);
  EXPECT_EQ(lines(read("out/second.ndjson")), 1);
  EXPECT_FALSE(fs::exists(directory_ + "/out/no_case.ndjson"));
}

TEST_F(ConvertCommand, ConvertsTheOtherCasesWhenOneIsMalformed) {
  write("cases/bad/input.json", R"({"resourceSpans":[{"scopeSpans":7}]})");
  write("cases/good/input.json", server_span);
  const Outcome outcome = convert({"--cases", directory_ + "/cases", "--out", directory_ + "/out"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(lines(outcome.err), 1) << outcome.err;
  EXPECT_EQ(lines(read("out/good.ndjson")), 1);
  std::vector<std::string> made;
  for (const auto& each : fs::directory_iterator(directory_ + "/out")) {
    made.push_back(each.path().filename().string());
  }
  EXPECT_THAT(made, ElementsAre("good.ndjson")) << "nothing half-written";
}

TEST_F(ConvertCommand, SaysInOneLineWhereAnInputIsMalformed) {
  const std::string path = write(
      "bad.json", R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"good"},{"name":7}]}]}]})");
  const Outcome outcome = convert({path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "") << "the good span before the bad one is not written either";
  EXPECT_EQ(outcome.err, "posthaste convert: " + path +
                             ": byte 67 (/resourceSpans/0/scopeSpans/0/spans/1/name): expected "
                             "string, found number\n");
}

TEST_F(ConvertCommand, SaysWhatIsNoRequest) {
  for (const std::string_view text :
       {"", "hello", "[]", "null", "{", R"({"spans":[]})", "\x08\x01"}) {
    const Outcome outcome = convert({write("bad", text)});
    EXPECT_EQ(outcome.exit_code, 1) << text;
    EXPECT_EQ(lines(outcome.err), 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("/bad: byte ")) << text;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(ConvertCommand, RefusesAnInputThatIsTooLong) {
  const std::string path = write("long.json", R"({"resourceSpans":[{"schemaUrl":")");
  fs::resize_file(path, std::uintmax_t{1} << 30);  // a hole: it takes no room on the disk
  const Outcome outcome = convert({path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "posthaste convert: " + path + ": byte 67108864: longer than 64 MiB\n");
}

TEST_F(ConvertCommand, SaysHowManyItemsHaveNoEnvelope) {
  const Outcome points =
      convert({write("nan.json", R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
      {"name":"m","gauge":{"dataPoints":[{"asDouble":"NaN"},{"asDouble":"NaN"},{"asInt":1}]}}]}]}]})")});
  EXPECT_EQ(points.exit_code, 0) << "a point without a number is no failure";
  EXPECT_EQ(lines(points.out), 1);
  EXPECT_THAT(points.err, ::testing::EndsWith("nan.json: left out 2 items: not_finite\n"));
}

TEST_F(ConvertCommand, ToldWronglySaysHowToAsk) {
  EXPECT_EQ(convert({}).exit_code, 2);
  EXPECT_EQ(convert({"--cases", directory_}).exit_code, 2) << "without --out";
  EXPECT_EQ(convert({"-", "--format", "yaml"}).exit_code, 2);
  const Outcome key = convert({"-", "--connection-string", "InstrumentationKey=secret-of-mine"});
  EXPECT_EQ(key.exit_code, 2);
  EXPECT_THAT(key.err, Not(HasSubstr("secret-of-mine")));
}

TEST_F(ConvertCommand, WhatCannotBeReadIsTheMachinesFault) {
  const Outcome outcome = convert({directory_ + "/absent.json"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, StartsWith("posthaste convert: cannot read "));
}

}  // namespace
}  // namespace posthaste::tools

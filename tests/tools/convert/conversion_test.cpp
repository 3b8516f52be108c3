#include "tools/convert/conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace posthaste::tools {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::string_view trace = "0af7651916cd43dd8448eb211c80319c";

struct Converted {
  Conversion conversion;
  std::string text;
  std::vector<json::value> lines;
};

Converted convert(std::string_view input, const EnvelopeSettings& settings = {"key"}) {
  Converted done;
  done.conversion = tools::convert(input, std::nullopt, settings, [&](std::string_view piece) {
    done.text += piece;
    return Result<void>();
  });
  std::string_view rest = done.text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    done.lines.push_back(json::parse(rest.substr(0, end)));
    rest.remove_prefix(end + 1);
  }
  return done;
}

/// `kind` as in OTLP; `parent` empty for none.
std::string span(std::string_view id, std::string_view parent, int kind, std::string_view name,
                 std::string_view more = {}) {
  std::string text = R"({"traceId":")" + std::string(trace) + R"(","spanId":"000000000000000)";
  text += std::string(id) + R"(","name":")" + std::string(name) + R"(","kind":)";
  text += std::to_string(kind) + R"(,"startTimeUnixNano":"1767225600000000000")";
  if (!parent.empty()) text += R"(,"parentSpanId":"000000000000000)" + std::string(parent) + '"';
  if (!more.empty()) text += "," + std::string(more);
  return text + "}";
}

std::string process(std::string_view name, const std::vector<std::string>& spans) {
  std::string text = R"({"resource":{"attributes":[{"key":"service.name","value":{"stringValue":")";
  text += std::string(name) + R"("}}]},"scopeSpans":[{"spans":[)";
  for (const std::string& each : spans) text += each + (&each == &spans.back() ? "" : ",");
  return text + "]}]}";
}

std::string request(const std::vector<std::string>& processes) {
  std::string text = R"({"resourceSpans":[)";
  for (const std::string& each : processes) text += each + (&each == &processes.back() ? "" : ",");
  return text + "]}";
}

/// The operation name of each span, by its own name; "-" where it has none.
std::map<std::string, std::string> operations(const std::string& input) {
  std::map<std::string, std::string> names;
  for (const json::value& each : convert(input).lines) {
    const auto* name = each.at("tags").as_object().if_contains("ai.operation.name");
    names[std::string(each.at_pointer("/data/baseData/name").as_string())] =
        name == nullptr ? "-" : std::string(name->as_string());
  }
  return names;
}

TEST(OperationNames, AreTheLocalRootsOnEverythingBeneathIt) {
  EXPECT_THAT(
      operations(request({process("shop", {span("3", "2", 3, "query"), span("2", "1", 1, "step"),
                                           span("1", "", 2, "root")})})),
      UnorderedElementsAre(Pair("query", "root"), Pair("step", "root"), Pair("root", "root")))
      << "in whichever order they come";
}

TEST(OperationNames, AreMadeByTheMappingOfTheRoot) {
  const std::string root = span("1", "", 2, "root", R"("attributes":[
      {"key":"http.request.method","value":{"stringValue":"GET"}},
      {"key":"http.route","value":{"stringValue":"/pay/{id}"}}])");
  EXPECT_THAT(
      operations(request({process("shop", {root, span("2", "1", 3, "query")})})),
      UnorderedElementsAre(Pair("GET /pay/{id}", "GET /pay/{id}"), Pair("query", "GET /pay/{id}")));
}

TEST(OperationNames, OfAnotherProcessAreNotInherited) {
  EXPECT_THAT(operations(request(
                  {process("shop", {span("1", "", 2, "shop"), span("2", "1", 3, "call")}),
                   process("bank", {span("3", "2", 2, "bank"), span("4", "3", 3, "query")})})),
              UnorderedElementsAre(Pair("shop", "shop"), Pair("call", "shop"), Pair("bank", "bank"),
                                   Pair("query", "bank")));
}

TEST(OperationNames, AreFoundAcrossEntriesOfOneResource) {
  EXPECT_THAT(operations(request({process("shop", {span("2", "1", 3, "call")}),
                                  process("shop", {span("1", "", 2, "root")})})),
              UnorderedElementsAre(Pair("root", "root"), Pair("call", "root")));
}

TEST(OperationNames, AreNotKnownWhereTheRootEndedElsewhere) {
  EXPECT_THAT(operations(request(
                  {process("shop", {span("2", "1", 1, "step"), span("3", "2", 3, "query")})})),
              UnorderedElementsAre(Pair("step", "-"), Pair("query", "-")));
}

TEST(OperationNames, OfASpanWhoseParentIsSaidToBeRemoteAreItsOwn) {
  EXPECT_THAT(
      operations(request(
          {process("shop", {span("1", "", 2, "outer"), span("2", "1", 1, "inner", R"("flags":769)"),
                            span("3", "2", 3, "query")})})),
      UnorderedElementsAre(Pair("outer", "outer"), Pair("inner", "-"), Pair("query", "inner")));
}

TEST(OperationNames, EndWhereParentsCloseACircle) {
  EXPECT_THAT(operations(request({process("shop", {span("1", "2", 1, "a"), span("2", "1", 1, "b"),
                                                   span("3", "3", 3, "self")})})),
              UnorderedElementsAre(Pair("a", "-"), Pair("b", "-"), Pair("self", "-")));
}

TEST(OperationNames, ReachTheLogsOfTheSameRequest) {
  std::string input =
      request({process("shop", {span("1", "", 2, "root"), span("2", "1", 3, "call")})});
  input.insert(input.size() - 1,
               R"(,"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":")" +
                   std::string(trace) +
                   R"(","spanId":"0000000000000002","body":{"stringValue":"b"}}]}]}])");
  const Converted done = convert(input);
  ASSERT_EQ(done.lines.size(), 3u);
  EXPECT_EQ(done.lines[2].at("tags").at("ai.operation.name").as_string(), "root");
}

TEST(Conversion, WritesNothingOfAMalformedInput) {
  const Converted done =
      convert(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"good"}]}]}]} x)");
  ASSERT_TRUE(done.conversion.defect);
  EXPECT_EQ(done.text, "");
}

TEST(Conversion, StopsAtTheFirstFailureToWrite) {
  int calls = 0;
  const Conversion done =
      tools::convert(request({process("shop", {span("1", "", 2, "a"), span("2", "", 2, "b")})}),
                     std::nullopt, {"key"}, [&](std::string_view) {
                       ++calls;
                       return Result<void>(Error(ErrorCode::store_io, "disk full"));
                     });
  EXPECT_EQ(calls, 1);
  ASSERT_FALSE(done.written);
  EXPECT_EQ(done.written.error().message(), "disk full");
}

TEST(Conversion, CountsPointsThatAreNoNumberAndLeavesThemOut) {
  const Converted done = convert(R"({"resourceMetrics":[{"scopeMetrics":[{"scope":{"name":"meter"},
      "metrics":[{"name":"m","gauge":{"dataPoints":[{"asDouble":"NaN"},{"asDouble":1.5}]}}]}]}]})");
  ASSERT_EQ(done.lines.size(), 1u);
  EXPECT_EQ(done.lines[0].at_pointer("/data/baseData/metrics/0/ns").as_string(), "meter");
  EXPECT_EQ(done.conversion.refused.size(), 1u);
}

TEST(Conversion, AddsTheScopeWhenAskedTo) {
  const std::string input = R"({"resourceSpans":[{"scopeSpans":[
      {"scope":{"name":"a","version":"1"},"spans":[{"name":"x"}]},{"scope":{"name":"b"},"spans":[{"name":"y"}]}]}]})";
  EXPECT_THAT(convert(input).text, ::testing::Not(HasSubstr("otel.scope")));
  const Converted done = convert(input, {"key", true});
  EXPECT_EQ(done.lines[0].at_pointer("/data/baseData/properties/otel.scope.name").as_string(), "a");
  EXPECT_EQ(done.lines[0].at_pointer("/data/baseData/properties/otel.scope.version").as_string(),
            "1");
  EXPECT_EQ(done.lines[1].at_pointer("/data/baseData/properties/otel.scope.name").as_string(), "b");
}

TEST(Conversion, KeepsTheLastOfEqualKeysWithoutComparingEachWithEach) {
  std::string attributes;
  for (int i = 0; i < 100'000; ++i) {
    attributes += R"({"key":"k)" + std::to_string(i % 50'000) + R"(","value":{"intValue":)" +
                  std::to_string(i) + "}},";
  }
  attributes.back() = ']';
  const auto before = std::chrono::steady_clock::now();
  const Converted done = convert(
      request({process("shop", {span("1", "", 2, "wide", R"("attributes":[)" + attributes)})}));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_FALSE(done.conversion.defect);
}

}  // namespace
}  // namespace posthaste::tools

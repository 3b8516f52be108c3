#include "tools/emulator/otlp_intake.h"

#include "tests/support/file_tree.h"
#include "tests/tools/emulator/sample_items.h"
#include "tests/tools/otlp/transcript.h"
#include "tools/otlp/json_reader.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace posthaste::tools {
namespace {

namespace json = boost::json;
using otlp::Signal;
using testing::sample_time;

constexpr std::string_view protobuf_type = "application/x-protobuf";

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Spans 1 to `count` of one trace.
std::string spans(int count, int first = 1) {
  std::string list;
  for (int i = first; i < first + count; ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 16 - id.size(), '0');
    list += (list.empty() ? "" : ",") +
            (R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":")" + id +
             R"(","name":"GET /","startTimeUnixNano":"1","endTimeUnixNano":"2"})");
  }
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + list + "]}]}]}";
}

std::string orders(int temporality, int start, double value) {
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"orders","sum":{)"
         R"("aggregationTemporality":)" +
         std::to_string(temporality) +
         R"(,"isMonotonic":true,"dataPoints":[{"startTimeUnixNano":")" + std::to_string(start) +
         R"(","timeUnixNano":")" + std::to_string(static_cast<int>(value * 100)) +
         R"(","asDouble":)" + std::to_string(value) + "}]}}]}]}]}";
}

struct OtlpIntakeTest : ::testing::Test {
  Reply take(std::string_view body, std::string_view spec = {}, Signal signal = Signal::traces,
             std::string_view type = "application/json", std::string_view encoding = {}) {
    FaultEffect effect;
    if (!spec.empty()) effect = parse_fault(spec).value().effect;
    return intake.take({signal, type, encoding, body}, effect, sample_time);
  }
  json::object summary() const { return json::parse(intake.to_json()).as_object(); }

  Recorder recorder;
  OtlpIntake intake{Intake::Settings{.most_ids = 10'000}, recorder};
};

TEST_F(OtlpIntakeTest, AnswersBadRequestsAsACollectorDoes) {
  EXPECT_EQ(take("{}", {}, Signal::traces, "text/plain").status, 415u);
  EXPECT_EQ(take("{}", {}, Signal::traces, "text/plain").content_type, "text/plain");
  EXPECT_EQ(take("{}", {}, Signal::traces, "application/json; charset=utf-8").status, 200u);

  const Reply broken = take("{]");
  EXPECT_EQ(broken.status, 400u);
  EXPECT_EQ(broken.content_type, "application/json");
  EXPECT_EQ(json::parse(broken.body).at("code").as_int64(), 3);  // INVALID_ARGUMENT
  EXPECT_NE(json::parse(broken.body).at("message").as_string().find("byte 1"), std::string::npos);

  const Reply cut_short = take("\x0A\x7F", {}, Signal::traces, protobuf_type);
  EXPECT_EQ(cut_short.status, 400u);
  EXPECT_EQ(cut_short.content_type, protobuf_type);
  EXPECT_EQ(cut_short.body.substr(0, 3), std::string("\x08\x03\x12", 3));  // code 3, a message

  EXPECT_EQ(take("junk", {}, Signal::traces, protobuf_type, "gzip").status, 400u);
  const Reply encoding = take("junk", {}, Signal::logs, protobuf_type, "br");
  EXPECT_EQ(encoding.status, 400u);
  EXPECT_NE(encoding.body.find("unsupported Content-Encoding: br"), std::string::npos);
  EXPECT_EQ(intake.of(Signal::traces).received, 0u);
}

TEST_F(OtlpIntakeTest, RefusesByFaultWithTheStatusTheHeaderAndTheCodeOfGrpc) {
  const Reply reply = take(spans(2), "status=429,retry-after=7");
  EXPECT_EQ(reply.status, 429u);
  EXPECT_EQ(reply.headers, "Retry-After: 7\r\n");
  EXPECT_EQ(json::parse(reply.body).at("code").as_int64(), 8);  // RESOURCE_EXHAUSTED
  const Reply moved = take(spans(2), "redirect=https://a.test/");
  EXPECT_EQ(moved.status, 307u);
  EXPECT_EQ(moved.headers, "Location: https://a.test/\r\n");
  EXPECT_EQ(intake.of(Signal::traces).received, 0u);
  EXPECT_EQ(summary().at("faulted_requests").as_int64(), 2);

  EXPECT_EQ(take(spans(2), "status=503,retry-after=1,taken=yes").headers, "Retry-After: 1\r\n");
  EXPECT_EQ(intake.of(Signal::traces).accepted, 2u);
}

TEST_F(OtlpIntakeTest, RejectsAShareOrOneItemAsAPartialSuccess) {
  const Reply share = take(spans(10), "items=20%:400");
  EXPECT_EQ(share.status, 200u);
  const auto partial = json::parse(share.body).at("partialSuccess").as_object();
  EXPECT_EQ(partial.at("rejectedSpans").as_string(), "2");
  EXPECT_EQ(partial.at("errorMessage").as_string(), "Set by an emulator fault");
  EXPECT_EQ(intake.of(Signal::traces).rejected, 2u);
  EXPECT_EQ(intake.of(Signal::traces).distinct, 8u);
  EXPECT_NE(take(spans(3, 50), "item=1:400").body.find(R"("rejectedSpans":"1")"),
            std::string::npos);
  EXPECT_EQ(take(spans(3, 60), "max-items=2").status, 413u);
  EXPECT_EQ(intake.of(Signal::traces).received, 13u);
}

TEST_F(OtlpIntakeTest, TellsNumbersThatCannotBe) {
  EXPECT_NE(take(spans(3), "answer=bad-indexes").body.find(R"("rejectedSpans":"4")"),
            std::string::npos);
  EXPECT_NE(take(spans(3, 10), "answer=short-count").body.find(R"("rejectedSpans":"-1")"),
            std::string::npos);
  EXPECT_EQ(intake.of(Signal::traces).accepted, 6u);
}

TEST_F(OtlpIntakeTest, FindsWhatArrivesTwice) {
  take(spans(3));
  take(spans(3, 2));
  EXPECT_EQ(intake.of(Signal::traces).distinct, 4u);
  EXPECT_EQ(intake.of(Signal::traces).duplicates, 2u);
}

TEST_F(OtlpIntakeTest, SumsMetricsUpByTheirTemporality) {
  const auto sum = [this] { return summary().at("metrics").at("orders").at("sum").as_double(); };
  take(orders(1, 1, 2.5), {}, Signal::metrics);
  take(orders(1, 2, 4), {}, Signal::metrics);
  take(orders(1, 2, 4), {}, Signal::metrics);  // a duplicate
  EXPECT_EQ(sum(), 6.5);                       // deltas add up
  intake.reset();
  take(orders(2, 1, 2.5), {}, Signal::metrics);
  take(orders(2, 1, 4), {}, Signal::metrics);
  EXPECT_EQ(sum(), 4);  // of a cumulative series the last point counts
  take(orders(2, 2, 1), {}, Signal::metrics);
  EXPECT_EQ(sum(), 5);  // a new start is another process
  EXPECT_EQ(summary().at("metrics").at("orders").at("points").as_int64(), 3);
}

TEST_F(OtlpIntakeTest, ListsAcceptedItemsByTheirIds) {
  const testing_support::FileTree tree;
  ASSERT_TRUE(recorder.open("", tree.root() + "/ids"));
  take(spans(3), "item=1:400");
  take(orders(1, 1, 1), {}, Signal::metrics);
  take(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]})",
       {}, Signal::logs);
  recorder.flush();
  EXPECT_EQ(file_text(tree.root() + "/ids"),
            "otlp.span 0af7651916cd43dd8448eb211c80319c 0000000000000001\n"
            "otlp.span 0af7651916cd43dd8448eb211c80319c 0000000000000003\n"
            "otlp.point - -\n"
            "otlp.log - -\n");
}

/// The transcript of each item with those of its resource and scope in front.
class ItemByItem final : public otlp::Visitor {
public:
  void resource(Signal signal, const otlp::Resource& resource) override {
    resource_ = told([&](otlp::Visitor& by) { by.resource(signal, resource); });
    scope_ = told([](otlp::Visitor& by) { by.scope({}); });
  }
  void scope(const otlp::Scope& scope) override {
    scope_ = told([&](otlp::Visitor& by) { by.scope(scope); });
  }
  void span(const otlp::Span& span) override {
    add([&](otlp::Visitor& by) { by.span(span); });
  }
  void log(const otlp::LogRecord& log) override {
    add([&](otlp::Visitor& by) { by.log(log); });
  }
  void point(const otlp::Metric& metric, const otlp::MetricPoint& point) override {
    add([&](otlp::Visitor& by) { by.point(metric, point); });
  }

  std::string text;

private:
  template <class Tell>
  static std::string told(Tell tell) {
    otlp::testing::Transcript transcript;
    tell(transcript);
    return transcript.text();
  }
  template <class Tell>
  void add(Tell tell) {
    text += resource_ + scope_ + told(tell);
  }
  std::string resource_;
  std::string scope_;
};

TEST_F(OtlpIntakeTest, RecordsEachItemAsARequestThatReadsTheSame) {
  namespace fs = std::filesystem;
  const testing_support::FileTree tree;
  ASSERT_TRUE(recorder.open(tree.root() + "/items", ""));
  ItemByItem told;
  for (const auto& each : fs::directory_iterator(POSTHASTE_CORPUS "/cases")) {
    const std::string body = file_text(each.path() / "input.json");
    if (body.size() > 100'000) continue;
    ASSERT_FALSE(otlp::read_json(body, told)) << each.path();
    ASSERT_EQ(take(body).status, 200u) << each.path();
  }
  recorder.flush();
  ItemByItem recorded;
  std::istringstream lines(file_text(tree.root() + "/items"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json::value parsed = json::parse(line);
    ASSERT_FALSE(otlp::read_json(json::serialize(parsed.at("item")), recorded)) << line;
  }
  EXPECT_GT(count, 300u);
  EXPECT_EQ(told.text, recorded.text);
}

}  // namespace
}  // namespace posthaste::tools

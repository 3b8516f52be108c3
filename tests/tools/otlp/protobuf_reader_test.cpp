#include "tools/otlp/protobuf_reader.h"

#include "tests/tools/otlp/protobuf_request.h"
#include "tests/tools/otlp/transcript.h"
#include "tools/otlp/json_reader.h"
#include "tools/otlp/request_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <protozero/pbf_writer.hpp>

#include <filesystem>
#include <fstream>

namespace posthaste::tools::otlp {
namespace {

namespace fs = std::filesystem;
using protozero::pbf_writer;
using ::testing::HasSubstr;
using testing::ProtobufRequest;
using testing::Transcript;

/// A request with one item, whose bytes are `item`.
std::string request_of(std::string_view item) {
  std::string scope;
  pbf_writer(scope).add_message(2, item.data(), item.size());
  std::string resource;
  pbf_writer(resource).add_message(2, scope);
  std::string request;
  pbf_writer(request).add_message(1, resource);
  return request;
}

std::string defect_of(std::string_view bytes, Signal signal) {
  Visitor nobody;
  const auto defect = read_protobuf(bytes, signal, nobody);
  return defect ? defect->to_string() : "well-formed";
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Signal signal_of(std::string_view json) {
  if (json.find("\"resourceMetrics\"") != std::string_view::npos) return Signal::metrics;
  return json.find("\"resourceLogs\"") != std::string_view::npos ? Signal::logs : Signal::traces;
}

RequestFormat format_of(Signal signal) {
  switch (signal) {
    case Signal::traces: return RequestFormat::protobuf_traces;
    case Signal::metrics: return RequestFormat::protobuf_metrics;
    case Signal::logs: break;
  }
  return RequestFormat::protobuf_logs;
}

TEST(OtlpProtobufReader, TellsOfEachCaseOfTheCorpusWhatTheJsonReaderTells) {
  int cases = 0;
  for (const auto& each : fs::directory_iterator(POSTHASTE_CORPUS "/cases")) {
    const std::string json = read_file(each.path() / "input.json");
    const Signal signal = signal_of(json);
    Transcript told;
    ProtobufRequest request(signal);
    ASSERT_FALSE(read_json(json, told)) << each.path();
    ASSERT_FALSE(read_json(json, request)) << each.path();
    const std::string bytes = request.finish();
    Transcript again;
    const auto defect = read_protobuf(bytes, signal, again);
    ASSERT_FALSE(defect) << each.path() << ' ' << defect->to_string();
    ASSERT_EQ(told.text(), again.text()) << each.path();
    if (told.items() != 0) {
      EXPECT_EQ(recognise_format(bytes), format_of(signal)) << each.path();
    }
    EXPECT_EQ(recognise_format(json), RequestFormat::json) << each.path();
    ++cases;
  }
  EXPECT_EQ(cases, 333);
}

TEST(OtlpProtobufReader, NoticesEveryTruncation) {
  Transcript whole;
  ProtobufRequest request(Signal::traces);
  const std::string json = read_file(POSTHASTE_CORPUS "/cases/344-batch-trace-tree/input.json");
  ASSERT_FALSE(read_json(json, request));
  const std::string bytes = request.finish();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_NE(defect_of(std::string_view(bytes).substr(0, size), Signal::traces), "well-formed")
        << size;
  }
  EXPECT_EQ(defect_of(bytes, Signal::traces), "well-formed");
}

TEST(OtlpProtobufReader, SaysWhereAnInputIsMalformed) {
  std::string item;
  pbf_writer(item).add_string(5, "name");
  pbf_writer(item).add_bytes(1, "too short");
  EXPECT_EQ(defect_of(request_of(item), Signal::traces),
            "byte 12 (resource_spans.scope_spans.spans): trace_id: expected 16 bytes, found 9");
}

TEST(OtlpProtobufReader, SaysWhyItIsNoProtobuf) {
  EXPECT_EQ(defect_of("\x0A\x05\x12", Signal::logs), "byte 0: the message ends too early");
  EXPECT_EQ(defect_of("hello", Signal::logs),
            "byte 2: not protobuf: no such field number or wire type");
  EXPECT_EQ(defect_of(std::string(20, '\xFF'), Signal::logs),
            "byte 0: a varint of more than 10 bytes");
}

TEST(OtlpProtobufReader, RefusesAFieldOfAnotherType) {
  std::string item;
  pbf_writer(item).add_fixed64(1, 7);
  EXPECT_THAT(defect_of(request_of(item), Signal::traces),
              HasSubstr("trace_id: expected a message or text, found 8 bytes"));
}

TEST(OtlpProtobufReader, SkipsFieldsThatItDoesNotKnow) {
  std::string item;
  pbf_writer writer(item);
  writer.add_string(5, "name");
  writer.add_string(1000, "later");
  writer.add_fixed32(1001, 1);
  writer.add_uint64(1002, 1);
  writer.add_double(1003, 1);
  EXPECT_EQ(defect_of(request_of(item), Signal::traces), "well-formed");
}

TEST(OtlpProtobufReader, TellsTheResourceFirstWhereverItStands) {
  std::string item;
  pbf_writer(item).add_string(5, "span");
  std::string scope;
  pbf_writer(scope).add_message(2, item);
  std::string pair;
  pbf_writer(pair).add_string(1, "key");
  std::string attributes;
  pbf_writer(attributes).add_message(1, pair);
  std::string resource;
  pbf_writer(resource).add_message(2, scope);
  pbf_writer(resource).add_message(1, attributes);
  std::string request;
  pbf_writer(request).add_message(1, resource);
  Transcript told;
  EXPECT_FALSE(read_protobuf(request, Signal::traces, told));
  EXPECT_THAT(told.text(), ::testing::StartsWith("resource signal=0 attributes { key=3:key"));
}

TEST(OtlpProtobufReader, RefusesNestingThatWouldTakeTheStack) {
  std::string value;
  for (int i = 0; i < 1'000; ++i) {
    std::string list;
    pbf_writer(list).add_message(1, value);
    value.clear();
    pbf_writer(value).add_message(5, list);
  }
  std::string item;
  pbf_writer(item).add_message(5, value);
  EXPECT_THAT(defect_of(request_of(item), Signal::logs), HasSubstr("nested too deep"));
}

TEST(OtlpProtobufReader, TakesAnEmptyRequest) {
  EXPECT_EQ(defect_of("", Signal::logs), "well-formed");
}

TEST(RequestFormat, TellsJsonFromProtobufThatBeginsWithALineFeedToo) {
  EXPECT_EQ(recognise_format("{}"), RequestFormat::json);
  EXPECT_EQ(recognise_format(" \n\t{\"resourceSpans\":[]}"), RequestFormat::json);
  EXPECT_EQ(recognise_format("\n{ \"resourceSpans\" : [] }"), RequestFormat::json);
  // 123 bytes follow: `\n{` as well.
  std::string item;
  pbf_writer(item).add_fixed64(1, 1);
  pbf_writer(item).add_string(3, std::string(123 - 4 - item.size() - 2, 's'));
  const std::string request = request_of(item);
  ASSERT_EQ(request.substr(0, 2), "\n{");
  EXPECT_EQ(recognise_format(request), RequestFormat::protobuf_logs);
}

TEST(RequestFormat, KnowsWhenItCannotTell) {
  EXPECT_EQ(recognise_format(""), RequestFormat::unknown);
  EXPECT_EQ(recognise_format("hello"), RequestFormat::unknown);
  EXPECT_EQ(recognise_format("<xml/>"), RequestFormat::unknown);
  std::string item;
  pbf_writer(item).add_string(5, "a span's name, a log's body or a metric's gauge");
  EXPECT_EQ(recognise_format(request_of(item)), RequestFormat::ambiguous);
  Visitor nobody;
  EXPECT_THAT(read_request(request_of(item), RequestFormat::ambiguous, nobody)->to_string(),
              HasSubstr("say which"));
}

}  // namespace
}  // namespace posthaste::tools::otlp

#include "tools/otlp/json_reader.h"

#include "tests/tools/otlp/transcript.h"
#include "tools/otlp/item_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace posthaste::tools::otlp {
namespace {

using ::testing::HasSubstr;
using testing::Transcript;

/// Copies of what tests look at.
struct Seen {
  std::vector<std::size_t> resources;
  std::vector<std::string> scopes, names, keys, texts;
  std::vector<std::int32_t> kinds, statuses, temporalities;
  std::vector<std::uint64_t> starts;
  std::vector<ValueKind> value_kinds;
  std::vector<std::int64_t> wholes;
  std::vector<double> reals;
};

class Watcher final : public Visitor, public Seen {
public:
  void resource(Signal, const Resource& resource) override {
    resources.push_back(resource.attributes.size());
  }
  void scope(const Scope& scope) override { scopes.emplace_back(scope.name); }
  void span(const Span& span) override {
    names.emplace_back(span.name);
    kinds.push_back(span.kind);
    statuses.push_back(span.status_code);
    starts.push_back(span.start);
    for (const KeyValue& each : span.attributes) {
      keys.emplace_back(each.key);
      value_kinds.push_back(each.value.kind());
      if (each.value.kind() == ValueKind::int64) wholes.push_back(each.value.int64());
      if (each.value.kind() == ValueKind::float64) reals.push_back(each.value.float64());
      if (each.value.kind() == ValueKind::string || each.value.kind() == ValueKind::bytes) {
        texts.emplace_back(each.value.text());
      }
    }
  }
  void point(const Metric& metric, const MetricPoint& point) override {
    names.emplace_back(metric.name);
    temporalities.push_back(metric.temporality);
    wholes.push_back(point.value.int64());
  }
};

Seen read(std::string_view text) {
  Watcher seen;
  const auto defect = read_json(text, seen);
  EXPECT_FALSE(defect) << defect->to_string() << " in " << text;
  return seen;
}

std::string span_with(std::string_view members) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{)" + std::string(members) + "}]}]}]}";
}
std::string attribute(std::string_view value) {
  return span_with(R"("attributes":[{"key":"k","value":)" + std::string(value) + "}]");
}

std::string defect_of(std::string_view text) {
  Visitor nobody;
  const auto defect = read_json(text, nobody);
  return defect ? defect->to_string() : "well-formed";
}

TEST(OtlpJsonReader, TellsTheResourceBeforeItsScopesWhereverItStands) {
  const std::string_view spans = R"([{"spans":[{"name":"n"}],"scope":{"name":"lib"}}])";
  const std::string_view resource = R"({"attributes":[{"key":"a","value":{"intValue":1}}]})";
  Transcript first;
  Transcript last;
  EXPECT_FALSE(read_json(R"({"resourceSpans":[{"resource":)" + std::string(resource) +
                             R"(,"scopeSpans":)" + std::string(spans) + "}]}",
                         first));
  EXPECT_FALSE(read_json(R"({"resourceSpans":[{"scopeSpans":)" + std::string(spans) +
                             R"(,"resource":)" + std::string(resource) + "}]}",
                         last));
  EXPECT_EQ(first.text(), last.text());
  EXPECT_THAT(first.text(), HasSubstr("name=3:lib"));
}

TEST(OtlpJsonReader, TellsAMetricsTemporalityWithItsPointsWhereverItStands) {
  const Seen seen = read(R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[
      {"asInt":"7"},{"asInt":8}],"aggregationTemporality":2},"name":"late"}]}]}]})");
  EXPECT_EQ(seen.names, (std::vector<std::string>{"late", "late"}));
  EXPECT_EQ(seen.temporalities, (std::vector<std::int32_t>{2, 2}));
  EXPECT_EQ(seen.wholes, (std::vector<std::int64_t>{7, 8}));
}

TEST(OtlpJsonReader, TakesIntegersAsTextAndAsNumbers) {
  for (const char* const seven : {"7", "\"7\"", "7.0", "0.7e1", "70e-1"}) {
    EXPECT_EQ(read(attribute("{\"intValue\":" + std::string(seven) + "}")).wholes,
              std::vector<std::int64_t>{7})
        << seven;
  }
  EXPECT_EQ(read(attribute(R"({"intValue":"-9223372036854775808"})")).wholes.at(0), INT64_MIN);
  EXPECT_EQ(read(attribute(R"({"intValue":9223372036854775807})")).wholes.at(0), INT64_MAX);
  EXPECT_EQ(read(span_with(R"("startTimeUnixNano":"18446744073709551615")")).starts.at(0),
            UINT64_MAX);
}

TEST(OtlpJsonReader, TakesAWholeNumberThatIsTooLargeAsADouble) {
  EXPECT_EQ(read(attribute(R"({"intValue":1e300})")).reals, std::vector<double>{1e300});
  EXPECT_EQ(read(attribute(R"({"intValue":9223372036854775808})")).reals,
            std::vector<double>{0x1p63});
}

TEST(OtlpJsonReader, TakesDoublesByNameAndAsText) {
  EXPECT_TRUE(std::isnan(read(attribute(R"({"doubleValue":"NaN"})")).reals.at(0)));
  EXPECT_EQ(read(attribute(R"({"doubleValue":"-Infinity"})")).reals.at(0), -HUGE_VAL);
  EXPECT_EQ(read(attribute(R"({"doubleValue":"2.5"})")).reals.at(0), 2.5);
  EXPECT_EQ(read(attribute(R"({"doubleValue":3})")).reals.at(0), 3.0);
}

TEST(OtlpJsonReader, TakesEnumerationsAsNumbersAndNames) {
  const Seen seen = read(
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_CONSUMER","status":{"code":"STATUS_CODE_ERROR"}},
         {"kind":2,"status":{"code":1}},{"kind":99}]}]}]})");
  EXPECT_EQ(seen.kinds, (std::vector<std::int32_t>{5, 2, 99}));
  EXPECT_EQ(seen.statuses, (std::vector<std::int32_t>{2, 1, 0}));
}

TEST(OtlpJsonReader, DecodesBase64InEitherAlphabet) {
  for (const char* const text : {"-_8=", "+/8=", "+/8"}) {
    EXPECT_EQ(read(attribute("{\"bytesValue\":\"" + std::string(text) + "\"}")).texts.at(0),
              "\xFB\xFF")
        << text;
  }
  EXPECT_EQ(read(attribute(R"({"bytesValue":""})")).texts.at(0), "");
}

TEST(OtlpJsonReader, ResolvesEscapesInKeysAndTexts) {
  const Seen seen =
      read(attribute(R"({"\u0073tringValue":"\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude80"})"));
  EXPECT_EQ(seen.texts.at(0), "\"\\/\b\f\n\r\t\u00e9\u20ac\U0001F680");
}

TEST(OtlpJsonReader, ReplacesHalvesOfSurrogatePairs) {
  for (const char* const half : {R"(\ud83d)", R"(\ude80)", R"(\ud83dx)", R"(\ud83d\n)"}) {
    EXPECT_THAT(read(attribute("{\"stringValue\":\"" + std::string(half) + "\"}")).texts.at(0),
                ::testing::StartsWith("\uFFFD"))
        << half;
  }
}

TEST(OtlpJsonReader, TakesNullForAbsentAndSkipsWhatItDoesNotKnow) {
  const Seen seen =
      read(R"({"resourceSpans":[{"resource":null,"new":[{}],"scopeSpans":[{"scope":null,
      "spans":[{"name":"n","kind":null,"attributes":null,"later":{"a":[1,2,{"b":null}]}}]}]}],"x":1})");
  EXPECT_EQ(seen.names, std::vector<std::string>{"n"});
  EXPECT_EQ(seen.resources, std::vector<std::size_t>{0});
}

TEST(OtlpJsonReader, ReadsSeveralRequestsInARow) {
  EXPECT_EQ(read(span_with(R"("name":"a")") + "\n" + span_with(R"("name":"b")") + "\n").names,
            (std::vector<std::string>{"a", "b"}));
}

TEST(OtlpJsonReader, SaysWhereAnInputIsMalformedByAPointer) {
  EXPECT_EQ(defect_of(R"({"resourceSpans":{}})"),
            "byte 17 (/resourceSpans): expected array, found object");
  EXPECT_EQ(defect_of(span_with(R"("traceId":"0af7")")),
            "byte 54 (/resourceSpans/0/scopeSpans/0/spans/0/traceId): expected 32 hexadecimal "
            "digits, found 0af7");
  EXPECT_EQ(
      defect_of(R"({"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"a/b~c":[tru]}]}]})"),
      "byte 68 (/resourceSpans/0/scopeSpans/0/a~1b~0c): not JSON, or not UTF-8");
  EXPECT_THAT(
      defect_of(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":[]}]}],"resource":{}}]})"),
      HasSubstr("(/resourceSpans/0/scopeSpans/0/spans/0/kind): expected number"))
      << "read late, placed right";
}

TEST(OtlpJsonReader, RefusesWrongTypes) {
  EXPECT_THAT(defect_of(attribute(R"({"intValue":"7x"})")), HasSubstr("not a whole number"));
  EXPECT_THAT(defect_of(attribute(R"({"intValue":2.5})")), HasSubstr("not a whole number"));
  EXPECT_THAT(defect_of(attribute(R"({"boolValue":"true"})")), HasSubstr("expected boolean"));
  EXPECT_THAT(defect_of(attribute(R"({"stringValue":1})")), HasSubstr("expected string"));
  EXPECT_THAT(defect_of(attribute(R"({"doubleValue":1e999})")), HasSubstr("not a number"));
  EXPECT_THAT(defect_of(attribute(R"({"bytesValue":"a"})")), HasSubstr("not base64"));
  EXPECT_THAT(defect_of(attribute(R"({"bytesValue":"a b="})")), HasSubstr("not base64"));
  EXPECT_THAT(defect_of(span_with(R"("kind":"SERVER")")), HasSubstr("unknown name: SERVER"));
  EXPECT_THAT(defect_of(span_with(R"("flags":4294967296)")), HasSubstr("out of range"));
  EXPECT_THAT(defect_of(span_with(R"("startTimeUnixNano":-1)")), HasSubstr("0 or more"));
  EXPECT_THAT(defect_of(R"({"resourceSpans":[{"resource":{},"resource":{}}]})"),
              HasSubstr("given twice"));
}

TEST(OtlpJsonReader, RefusesWhatIsNoRequest) {
  for (const char* const text :
       {"", " ", "[]", "7", "null", "{", "{}x", R"({"a":1})", "{\"a\":\"\xFF\"}"}) {
    EXPECT_NE(defect_of(text), "well-formed") << text;
  }
  EXPECT_EQ(defect_of("{}"), "well-formed") << "an empty request";
}

TEST(OtlpJsonReader, RefusesNestingThatWouldTakeTheStack) {
  std::string deep;
  std::string back;
  for (int i = 0; i < 100'000; ++i) {
    deep += R"({"arrayValue":{"values":[)";
    back += "]}}";
  }
  EXPECT_THAT(defect_of(attribute(deep + back)), HasSubstr("nested too deep"));
  EXPECT_THAT(defect_of(span_with("\"unknown\":" + std::string(1'000'000, '['))),
              HasSubstr("nested too deep"));
}

TEST(OtlpJsonReader, TakesValuesNestedAsDeepAsItPromises) {
  std::string deep = R"({"intValue":1})";
  for (int i = 0; i < Value::deepest; ++i) {
    deep = R"({"kvlistValue":{"values":[{"key":"k","value":)" + deep + "}]}}";
  }
  EXPECT_EQ(defect_of(attribute(deep)), "well-formed");
  EXPECT_THAT(defect_of(attribute(R"({"arrayValue":{"values":[)" + deep + "]}}")),
              HasSubstr("nested too deep"));
}

TEST(OtlpJsonReader, RefusesAnItemThatWouldTakeTheMemory) {
  std::string many = R"("attributes":[)";
  for (std::size_t i = 0; i <= ListBuilder<KeyValue>::most; ++i) many += "{},";
  many.back() = ']';
  EXPECT_THAT(defect_of(span_with(many)), HasSubstr("the item is too large"));
}

}  // namespace
}  // namespace posthaste::tools::otlp

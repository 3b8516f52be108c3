#include "tools/emulator/envelope_check.h"

#include "tests/tools/emulator/sample_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;
using testing::envelope;
using testing::good_request;
using ::testing::HasSubstr;
using testing::replaced;
using testing::sample_time;

Rejection check(std::string_view item, WallTime now = sample_time) {
  ItemFacts facts;
  return check_envelope(item, now, facts);
}

std::string data(std::string_view type, std::string_view base) {
  return std::string(R"({"baseType":")") + std::string(type) + R"(","baseData":)" +
         std::string(base) + '}';
}

TEST(EnvelopeCheck, TakesAGoodRequestAndItsFacts) {
  const std::string item = good_request();
  ItemFacts facts;
  const Rejection rejection = check_envelope(item, sample_time, facts);
  EXPECT_EQ(rejection.status, 0u) << rejection.message;
  EXPECT_EQ(facts.raw, item);
  EXPECT_EQ(facts.type, ItemType::request);
  EXPECT_EQ(facts.ikey, "11111111-2222-3333-4444-555555555555");
  EXPECT_EQ(facts.operation_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(facts.operation_name, "GET /items/:id");
  EXPECT_EQ(facts.parent_id, "1111111111111111");
  EXPECT_EQ(facts.id, "00f067aa0ba902b7");
  EXPECT_EQ(facts.name, "GET /items/:id");
  EXPECT_EQ(facts.duration, 1500ms);
  EXPECT_TRUE(facts.success);
  EXPECT_EQ(facts.sample_rate, 25);
}

TEST(EnvelopeCheck, TakesEveryType) {
  for (
      const auto& [type, base] : std::vector<std::pair<std::string, std::string>>{
          {"RequestData", R"({"id":"1","duration":"00:00:01","success":false,"responseCode":"0"})"},
          {"RemoteDependencyData", R"({"name":"SELECT","duration":"00:00:01","success":true})"},
          {"MessageData", R"({"message":"hello","severityLevel":"Warning"})"},
          {"MessageData", R"({"message":"hello","severityLevel":3,"properties":{}})"},
          {"ExceptionData",
           R"({"exceptions":[{"id":1,"outerId":0,"typeName":"E","message":"m","hasFullStack":true,)"
           R"("parsedStack":[{"level":0,"method":"f","line":7}]}],"severityLevel":null})"},
          {"MetricData",
           R"({"metrics":[{"name":"m","value":1.5,"count":2,"kind":"Aggregation"}]})"},
          {"EventData", R"({"name":"signed in","measurements":{"a":1}})"},
          {"AvailabilityData",
           R"({"id":"1","name":"n","duration":"00:00:01","success":true,"runLocation":"here"})"},
          {"PageViewData", R"({"id":"1","name":"n","url":"https://a/"})"},
          {"PageViewPerfData", R"({"id":"1","name":"n","perfTotal":"00:00:01"})"}}) {
    const Rejection rejection = check(envelope(data(type, base)));
    EXPECT_EQ(rejection.status, 0u) << type << ": " << rejection.message;
  }
}

TEST(EnvelopeCheck, TakesBaseDataBeforeBaseType) {
  const Rejection rejection =
      check(envelope(R"({"baseData":{"message":"hello"},"baseType":"MessageData"})"));
  EXPECT_EQ(rejection.status, 0u) << rejection.message;
  EXPECT_EQ(check(envelope(R"({"baseData":{"message":""},"baseType":"MessageData"})")).status,
            400u);
}

TEST(EnvelopeCheck, NamesTheRequiredFieldThatIsMissing) {
  const auto missing = [](std::string_view what, std::string_view field, std::string_view type) {
    const Rejection rejection = check(replaced(good_request(), what, ""));
    EXPECT_EQ(rejection.status, 400u);
    EXPECT_EQ(rejection.message, "109: Field '" + std::string(field) + "' on type '" +
                                     std::string(type) +
                                     "' is required but missing or empty. Expected: string, "
                                     "Actual: undefined");
  };
  missing(R"("name":"Microsoft.ApplicationInsights.Request",)", "name", "Envelope");
  missing(R"("time":"2023-11-14T22:13:20.123Z",)", "time", "Envelope");
  missing(R"("iKey":"11111111-2222-3333-4444-555555555555",)", "iKey", "Envelope");
  missing(R"("id":"00f067aa0ba902b7",)", "id", "RequestData");
  missing(R"("duration":"00:00:01.500",)", "duration", "RequestData");
  missing(R"("success":true,)", "success", "RequestData");
  missing(R"("responseCode":"200",)", "responseCode", "RequestData");
  missing(R"("baseType":"RequestData",)", "baseType", "Envelope");
}

TEST(EnvelopeCheck, CountsAnEmptyRequiredTextAsMissing) {
  EXPECT_THAT(
      check(envelope(data("RemoteDependencyData", R"({"name":"","duration":"00:00:01"})"))).message,
      HasSubstr("Field 'name' on type 'RemoteDependencyData' is required"));
  EXPECT_THAT(check(envelope(data("ExceptionData", R"({"exceptions":[]})"))).message,
              HasSubstr("Field 'exceptions' on type 'ExceptionData' is required"));
  EXPECT_THAT(
      check(envelope(data("ExceptionData", R"({"exceptions":[{"typeName":"E","message":""}]})")))
          .message,
      HasSubstr("Field 'message' on type 'ExceptionDetails' is required"));
}

TEST(EnvelopeCheck, KeepsTheTimeWindow) {
  const std::string item = good_request();
  const WallTime at = sample_time + 123ms;
  EXPECT_EQ(check(item, at + 48h).status, 0u);
  EXPECT_EQ(check(item, at + 48h + 1ms).message,
            "103: Field 'time' on type 'Envelope' is older than the allowed min date. "
            "Expected: now - 172800000ms, Actual: now - 172800001ms");
  EXPECT_EQ(check(item, at - 2h).status, 0u);
  EXPECT_THAT(check(item, at - 2h - 1ms).message, HasSubstr("is newer than the max date"));
  EXPECT_THAT(check(replaced(item, "2023-11-14T", "2023-11-14 ")).message,
              HasSubstr("is not a valid time"));
}

TEST(EnvelopeCheck, RefusesAnInstrumentationKeyThatIsNone) {
  for (const std::string_view key :
       {"x", "11111111-2222-3333-4444-55555555555g", "11111111-2222-3333-4444-5555555555555"}) {
    const Rejection rejection =
        check(replaced(good_request(), "11111111-2222-3333-4444-555555555555", key));
    EXPECT_EQ(rejection.status, 400u);
    EXPECT_EQ(rejection.message, "Invalid instrumentation key");
  }
}

TEST(EnvelopeCheck, KeepsTheLengthLimits) {
  const auto with_id = [](std::size_t length) { return good_request(std::string(length, 'a')); };
  EXPECT_EQ(check(with_id(512)).status, 0u);
  EXPECT_THAT(check(with_id(513)).message,
              HasSubstr("Field 'id' on type 'RequestData' is too long. Expected: 512 characters, "
                        "Actual: 513"));
  std::string wide;  // 512 characters, 1024 bytes
  for (int i = 0; i < 512; ++i) wide += "\xC3\xA9";
  EXPECT_EQ(check(good_request(wide)).status, 0u);

  const auto with_property = [](std::size_t key, std::size_t value) {
    return replaced(good_request(), R"("custom":"[1,2]")",
                    '"' + std::string(key, 'k') + "\":\"" + std::string(value, 'v') + '"');
  };
  EXPECT_EQ(check(with_property(150, 8192)).status, 0u);
  EXPECT_EQ(check(with_property(151, 1)).status, 400u);
  EXPECT_EQ(check(with_property(1, 8193)).status, 400u);
  EXPECT_EQ(
      check(replaced(good_request(), R"("m":1.5)", '"' + std::string(151, 'm') + "\":1")).status,
      400u);
  EXPECT_EQ(
      check(replaced(good_request(), "0af7651916cd43dd8448eb211c80319c", std::string(129, 'a')))
          .status,
      400u);
}

TEST(EnvelopeCheck, RefusesAnItemOver64KiB) {
  std::string item = good_request();
  item.insert(item.size() - 1, longest_item - item.size(), ' ');
  ASSERT_EQ(item.size(), longest_item);
  EXPECT_EQ(check(item).status, 0u);
  item.insert(item.size() - 1, 1, ' ');
  EXPECT_THAT(check(item).message, HasSubstr("must not exceed 65536"));
}

TEST(EnvelopeCheck, RefusesWrongTypesAndValues) {
  const std::string good = good_request();
  EXPECT_THAT(check(replaced(good, R"("success":true)", R"("success":"true")")).message,
              HasSubstr("Expected: boolean, Actual: string"));
  EXPECT_THAT(check(replaced(good, R"("duration":"00:00:01.500")", R"("duration":1.5)")).message,
              HasSubstr("Expected: string, Actual: number"));
  EXPECT_THAT(check(replaced(good, "00:00:01.500", "00:00:60.000")).message,
              HasSubstr("is not a valid time span"));
  EXPECT_EQ(check(replaced(good, R"({"custom":"[1,2]"})", R"({"custom":7})")).status, 400u);
  EXPECT_EQ(check(replaced(good, R"({"m":1.5})", R"({"m":"1.5"})")).status, 400u);
  EXPECT_EQ(check(replaced(good, R"("sampleRate":25)", R"("sampleRate":0)")).status, 400u);
  EXPECT_EQ(check(replaced(good, "RequestData", "RequestDatum")).status, 400u);
  EXPECT_EQ(
      check(envelope(data("MessageData", R"({"message":"m","severityLevel":"Fatal"})"))).status,
      400u);
  EXPECT_EQ(check(envelope(data("MessageData", R"({"message":"m","severityLevel":5})"))).status,
            400u);
  EXPECT_EQ(
      check(envelope(data("MetricData", R"({"metrics":[{"name":"m","value":1,"count":1.5}]})")))
          .status,
      400u);
}

TEST(EnvelopeCheck, RefusesWhatIsNoJson) {
  EXPECT_EQ(check("nope").message, "Invalid JSON at byte 0");
  EXPECT_EQ(check("").status, 400u);
  EXPECT_EQ(check("[]").status, 400u);
  const std::string good = good_request();
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_EQ(check(good.substr(0, cut)).status, 400u) << cut;
  }
  EXPECT_EQ(check(good + "x").status, 400u);
}

TEST(EnvelopeCheck, QuotesNothingThatBreaksItsAnswer) {
  const std::string nasty = std::string(60, 'a') + R"(\\\"\u0022)" + "\xC3\xA9 and more and more";
  const Rejection rejection = check(replaced(good_request(), "00:00:01.500", nasty));
  EXPECT_EQ(rejection.status, 400u);
  EXPECT_THAT(rejection.message, HasSubstr("(long text)"));
}

}  // namespace
}  // namespace posthaste::tools

#include "runtime/wire/measurements.h"
#include "tests/runtime/wire/encoded.h"

#include <array>
#include <cmath>
#include <limits>

namespace posthaste::wire {
namespace {

std::string measured(const AttributeValue& value) {
  const Item item =
      encode_span(SpanKind::client, "s", {{"microsoft.custom_measurements", value}})[0];
  EXPECT_EQ(item.property("microsoft.custom_measurements"), "-");
  const auto* found = item.base().if_contains("measurements");
  return found == nullptr ? "-" : boost::json::serialize(*found);
}

TEST(Measurements, ComeFromJsonText) {
  EXPECT_EQ(measured(R"({"a": 1, "b" : -2.5, "c":1e3})"), R"({"a":1,"b":-2.5E0,"c":1000})");
  EXPECT_EQ(measured(R"({"a":1,"a":2})"), R"({"a":2})");
  EXPECT_EQ(measured(R"({"\u00e9":1})"), "{\"\xC3\xA9\":1}");
}

TEST(Measurements, ComeFromAMap) {
  const std::array<Attribute, 6> map{{{"a", 1},
                                      {"b", 2.5},
                                      {"text", "5"},
                                      {"flag", true},
                                      {"nan", std::nan("")},
                                      {"inf", std::numeric_limits<double>::infinity()}}};
  EXPECT_EQ(measured(AttributeValue::map(Attributes(map))), R"({"a":1,"b":2.5E0})");
}

TEST(Measurements, AreOnlyNumbersWithAName) {
  EXPECT_EQ(measured(R"({"a":{"b":1},"c":"5","":7,"n":null,"l":[1],"huge":1e999,"d":5})"),
            R"({"d":5})");
}

TEST(Measurements, OfWhatIsNoObjectAreNone) {
  for (const char* text : {"", "x", "[1,2]", "5", R"({"a":1)", R"({"a":1}x)", R"({"a":01})"}) {
    EXPECT_EQ(measured(text), "-") << text;
  }
  EXPECT_EQ(measured(42), "-");
}

TEST(Measurements, NamesAreCutAndTheLastOfEqualOnesWins) {
  const std::string name(150, 'n');
  EXPECT_EQ(measured("{\"" + name + "1\":1,\"" + name + "2\":2}"), "{\"" + name + "\":2}");
}

TEST(Measurements, OfAnEventOfASpan) {
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.event("paid", new_year, true, {{"microsoft.custom_measurements", R"({"amount":9.5})"}});
  EXPECT_EQ(encode(span)[1].measurement("amount"), std::to_string(9.5));
}

TEST(Measurements, OfACustomEventComeFromItsBodyToo) {
  const std::array<Attribute, 3> numbers{{{"a", 1}, {"b", 2.5}, {"c", "no"}}};
  const std::array<Attribute, 1> body{{{"measurements", AttributeValue::map(Attributes(numbers))}}};
  model::RecordBuilder log = make_log(
      9, "",
      {{"microsoft.custom_event.name", "m"}, {"microsoft.custom_measurements", R"({"a":10})"}});
  log.body(AttributeValue::map(Attributes(body)));
  const Item item = encode(log)[0];
  EXPECT_EQ(item.measurement("a"), "10") << "the attribute comes first";
  EXPECT_EQ(item.measurement("b"), std::to_string(2.5));
  EXPECT_EQ(item.measurement("c"), "-");
  EXPECT_EQ(item.property("log.body"), "-") << "all of it is carried";
}

}  // namespace
}  // namespace posthaste::wire

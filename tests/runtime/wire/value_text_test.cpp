#include "runtime/wire/value_text.h"

#include "runtime/model/record_builder.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

namespace posthaste::wire {
namespace {

std::string text_of_value(const AttributeValue& value, std::size_t most = json_text_limit) {
  model::RecordBuilder builder(model::RecordType::log, 1'048'576);
  builder.attribute("k", value);
  const auto record = model::RecordView::from(builder.bytes(), 1'048'576);
  TextScratch scratch;
  return std::string(text_of(*record->attribute("k"), scratch, most));
}

std::string text_of_bytes(std::string_view bytes) {
  return text_of_value(AttributeValue::bytes(std::as_bytes(std::span(bytes))));
}

TEST(ValueText, OfBytesIsBase64) {
  EXPECT_EQ(text_of_bytes(""), "");
  EXPECT_EQ(text_of_bytes("f"), "Zg==");
  EXPECT_EQ(text_of_bytes("fo"), "Zm8=");
  EXPECT_EQ(text_of_bytes("foo"), "Zm9v");
  EXPECT_EQ(text_of_bytes("\xFF\xFE\xFD\xFC"), "//79/A==");
}

TEST(ValueText, OfListsAndMapsIsJson) {
  const std::array<AttributeValue, 4> list{"a", 1, AttributeValue(), 2.5};
  EXPECT_EQ(text_of_value(AttributeValue::list(list)), R"(["a",1,null,2.5])");
  EXPECT_EQ(text_of_value(AttributeValue::list({})), "[]");
  EXPECT_EQ(text_of_value(AttributeValue::map({})), "{}");
  const std::string_view bytes = "foo";
  const std::vector<Attribute> inner{{"\"k\"", true},
                                     {"l", AttributeValue::list(list)},
                                     {"b", AttributeValue::bytes(std::as_bytes(std::span(bytes)))}};
  EXPECT_EQ(text_of_value(AttributeValue::map(Attributes(inner))),
            R"({"\"k\"":true,"l":["a",1,null,2.5],"b":"Zm9v"})");
}

TEST(ValueText, KeepsTheLastOfTwoEqualKeysOfAMap) {
  const std::vector<Attribute> twice{{"a", 1}, {"b", 2}, {"a", 3}};
  EXPECT_EQ(text_of_value(AttributeValue::map(Attributes(twice))), R"({"b":2,"a":3})");
}

TEST(ValueText, LeavesLineSeparatorsToTheWriterOfTheItem) {
  const std::array<AttributeValue, 1> list{"a\xE2\x80\xA8\xE2\x80\xA7z"};
  EXPECT_EQ(text_of_value(AttributeValue::list(list)), "[\"a\xE2\x80\xA8\xE2\x80\xA7z\"]");
}

TEST(ValueText, LeavesOutWholeElementsAndStaysJsonWhateverTheLimit) {
  const std::array<AttributeValue, 3> inner{"text", 12345, true};
  const std::vector<Attribute> map{{"first", AttributeValue::list(inner)},
                                   {"second", "x"},
                                   {"third", AttributeValue::list(inner)}};
  const AttributeValue value = AttributeValue::map(Attributes(map));
  const std::string whole = text_of_value(value);
  std::string previous;
  for (std::size_t most = 2; most <= whole.size(); ++most) {
    const std::string text = text_of_value(value, most);
    EXPECT_LE(text.size(), most);
    EXPECT_GE(text.size(), previous.size());
    EXPECT_NO_THROW(static_cast<void>(boost::json::parse(text))) << text;
    previous = text;
  }
  EXPECT_EQ(previous, whole);
  EXPECT_EQ(text_of_value(value, 20), R"({"first":["text"]})");
}

}  // namespace
}  // namespace posthaste::wire

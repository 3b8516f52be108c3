#include "runtime/wire/json_cursor.h"
#include "tests/runtime/wire/seeded_random.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <random>
#include <string>

namespace posthaste::wire {
namespace {

bool reads(std::string_view text) {
  JsonCursor json(text);
  return json.skip() && json.at_end();
}

bool oracle_reads(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse(text, error);
  return !error;
}

std::string string_in(std::string_view text, std::size_t most = 1'000) {
  JsonCursor json(text);
  std::string value;
  return json.string(value, most) && json.at_end() ? value : "refused";
}

TEST(JsonCursor, AgreesWithAnotherParserAboutWhatIsJson) {
  for (const char* text : {"{}",
                           "[]",
                           "[1,2]",
                           " {\"a\" : [true,false,null,-0.5e+3] } ",
                           "\"\\u00e9\\n\"",
                           "0",
                           "-1",
                           "",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "01",
                           "1.",
                           "-",
                           "1e",
                           "tru",
                           "nul",
                           "[1 2]",
                           "\"\n\"",
                           "\"\\x\"",
                           "{1:2}",
                           "[]]",
                           "\"abc",
                           "{\"a\":}",
                           "\"\\u12\""}) {
    EXPECT_EQ(reads(text), oracle_reads(text)) << text;
  }
}

TEST(JsonCursor, AgreesWithItOnDamagedTextToo) {
  const std::string whole =
      R"({"itemsReceived":3,"errors":[{"index":1,"message":"a\u00e9\\"}],"x":[1.5e2,null,true]})";
  SeededRandom random(9);
  constexpr std::string_view pool = "{}[]\",:\\0123456789eE+-.truefalsn u";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (unsigned i = 1 + random() % 3; i > 0; --i) {
      text[random() % text.size()] = pool[random() % pool.size()];
    }
    ASSERT_EQ(reads(text), oracle_reads(text)) << text;
  }
}

TEST(JsonCursor, DecodesStrings) {
  EXPECT_EQ(string_in(R"("a\"b\\c\/\b\f\n\r\t")"), "a\"b\\c/\b\f\n\r\t");
  EXPECT_EQ(string_in(R"("\u00e9\u20AC\ud83d\ude00")"), "é€😀");
  EXPECT_EQ(string_in(R"("\ud83d!")"), "\uFFFD!");
  EXPECT_EQ(string_in(R"("\ude00")"), "\uFFFD");
}

TEST(JsonCursor, KeepsOnlyTheStartOfALongString) {
  EXPECT_EQ(string_in("\"" + std::string(100'000, 'x') + "\"", 5), "xxxxx");
  EXPECT_EQ(string_in("\"aéé\"", 4), "aé");
}

TEST(JsonCursor, SaturatesNumbers) {
  std::int64_t value = 0;
  EXPECT_TRUE(JsonCursor("12").integer(value));
  EXPECT_EQ(value, 12);
  EXPECT_TRUE(JsonCursor("99999999999999999999").integer(value));
  EXPECT_EQ(value, INT64_MAX);
  EXPECT_TRUE(JsonCursor("-99999999999999999999").integer(value));
  EXPECT_EQ(value, INT64_MIN);
  EXPECT_TRUE(JsonCursor("3.9").integer(value));
  EXPECT_EQ(value, 3);
  EXPECT_FALSE(JsonCursor("\"3\"").integer(value));
}

TEST(JsonCursor, GivesUpBelowItsDepth) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(reads(nested(JsonCursor::depth_limit)));
  EXPECT_FALSE(reads(nested(JsonCursor::depth_limit + 1)));
  EXPECT_FALSE(reads(std::string(60'000, '[')));
}

}  // namespace
}  // namespace posthaste::wire

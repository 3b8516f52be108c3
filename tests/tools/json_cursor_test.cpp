#include "tools/json_cursor.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <random>
#include <string>

namespace posthaste::tools {
namespace {

bool is_json(std::string_view text) {
  JsonCursor cursor(text);
  return cursor.skip() && cursor.at_end();
}

TEST(JsonCursor, TakesEveryKindOfValue) {
  for (const std::string_view text :
       {"{}", "[]", "null", "true", "false", "0", "-0", "10", "1.5", "-1.5e+10", "2E-3", "\"\"",
        R"("a\"\\\/\b\f\n\r\té")", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
        R"( { "a" : [ 1 , { "b" : null } ] , "c" : "d" } )"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

TEST(JsonCursor, RefusesWhatIsNearlyJson) {
  for (const std::string_view text :
       {"",        " ",        "{",          "}",           "[1,]",      "[,1]",   "[1 2]",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",       "01",        "1.",     ".5",
        "-",       "+1",       "1e",         "1e+",         "tru",       "nul",    "True",
        "\"",      "\"a",      "\"\\x\"",    "\"\\u12g4\"", "\"\\u12\"", "\"\n\"", "\"\t\"",
        "NaN",     "1 2",      "{}}",        "'a'",         "\"\\",      "[1}",    "{\"a\":1]"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonCursor, RefusesTextThatIsNotUtf8) {
  for (const std::string_view text :
       {"\"\x80\"", "\"\xC3\"", "\"\xC0\xAF\"", "\"\xE0\x80\xAF\"", "\"\xED\xA0\x80\"",
        "\"\xF0\x80\x80\xAF\"", "\"\xF4\x90\x80\x80\"", "\"\xFF\"", "\"\xE2\x82\""}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonCursor, RefusesNestingBeyondItsBound) {
  const std::string deep(64, '[');
  const std::string back(64, ']');
  EXPECT_TRUE(is_json(deep + back));
  EXPECT_FALSE(is_json('[' + deep + back + ']'));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(JsonCursor, HandsOutStringsRaw) {
  JsonCursor cursor(R"("a\nb" )");
  std::string_view raw;
  ASSERT_TRUE(cursor.read_string(raw));
  EXPECT_EQ(raw, R"(a\nb)");
  EXPECT_TRUE(cursor.at_end());
}

TEST(JsonCursor, StaysFailed) {
  JsonCursor cursor("x 1");
  std::string_view raw;
  EXPECT_FALSE(cursor.skip());
  EXPECT_FALSE(cursor.read_string(raw));
  EXPECT_FALSE(cursor.skip());
  EXPECT_TRUE(cursor.failed());
  EXPECT_EQ(cursor.kind(), JsonKind::nothing);
}

TEST(JsonCursor, CountsCharactersAsUtf16Units) {
  EXPECT_EQ(characters_in("abc"), 3u);
  EXPECT_EQ(characters_in(R"(a\nb)"), 3u);
  EXPECT_EQ(characters_in(R"(\u00e9x)"), 2u);
  EXPECT_EQ(characters_in("\xC3\xA9"), 1u);
  EXPECT_EQ(characters_in("\xE2\x82\xAC"), 1u);
  EXPECT_EQ(characters_in("\xF0\x9F\x98\x80"), 2u);
}

// The model is Boost.JSON: damage good text at random, and both must judge it alike.
TEST(JsonCursor, JudgesDamagedTextAsBoostDoes) {
  std::mt19937 random(7);
  const std::string good = R"({"a":[1,2.5e3,-0,true,null],"b\n":{"c":"x\u00e9y","d":""},"é":"€"})";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text.erase(at, 1); break;
        case 1: text.insert(at, 1, R"({}[]",:\019ue.- x)"[random() % 16]); break;
        default: text[at] = static_cast<char>(random()); break;
      }
      if (text.empty()) break;
    }
    boost::json::error_code error;
    boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
    const bool boost_takes = !error;
    // Boost refuses escaped halves of surrogate pairs; to the service they are just text.
    if (text.find("\\ud") != std::string::npos || text.find("\\uD") != std::string::npos) continue;
    EXPECT_EQ(is_json(text), boost_takes) << text;
  }
}

}  // namespace
}  // namespace posthaste::tools

#include "runtime/base/text_pattern.h"

#include <gtest/gtest.h>

#include <random>

namespace posthaste {
namespace {

TEST(TextPattern, WithoutAStarIsThatTextAlone) {
  const TextPattern pattern({"GET /healthz"});
  EXPECT_TRUE(pattern.matches("GET /healthz"));
  EXPECT_FALSE(pattern.matches("GET /healthz2"));
  EXPECT_FALSE(pattern.matches("get /healthz"));
  EXPECT_FALSE(pattern.matches(""));
  EXPECT_TRUE(TextPattern({""}).matches(""));
}

TEST(TextPattern, AStarIsAnyRunAlsoTheEmptyOne) {
  const TextPattern ends({"a", "b"});  // a*b
  EXPECT_TRUE(ends.matches("ab") && ends.matches("axb") && ends.matches("abab"));
  EXPECT_FALSE(ends.matches("a") || ends.matches("xab") || ends.matches("abx"));
  EXPECT_FALSE(TextPattern({"aba", "ba"}).matches("aba")) << "the ends may not overlap";
  EXPECT_TRUE(TextPattern({"", ""}).matches(""));
  EXPECT_TRUE(TextPattern({"", "/live", ""}).matches("GET /live/x"));
}

bool matches_slowly(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return matches_slowly(pattern.substr(1), text) ||
           (!text.empty() && matches_slowly(pattern, text.substr(1)));
  }
  return !text.empty() && text.front() == pattern.front() &&
         matches_slowly(pattern.substr(1), text.substr(1));
}

TEST(TextPattern, IsWhatTryingEveryRunWouldFind) {
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern, text;
    for (auto n = random() % 7; n > 0; --n) pattern += "ab**"[random() % 4];
    for (auto n = random() % 8; n > 0; --n) text += "ab"[random() % 2];
    std::vector<std::string> pieces(1);
    for (const char c : pattern) {
      if (c == '*') {
        pieces.emplace_back();
      } else {
        pieces.back() += c;
      }
    }
    EXPECT_EQ(TextPattern(pieces).matches(text), matches_slowly(pattern, text))
        << pattern << " on " << text;
  }
}

TEST(TextPattern, KnowsTheWildcardsOfViews) {
  const auto is_like = [](std::string_view text, std::string_view pattern) {
    return TextPattern::with_wildcards(pattern).matches(text);
  };
  EXPECT_TRUE(is_like("http.latency", "*"));
  EXPECT_TRUE(is_like("http.latency", "http.*"));
  EXPECT_TRUE(is_like("http.latency", "*.l?tency"));
  EXPECT_TRUE(is_like("aab", "*ab"));
  EXPECT_FALSE(is_like("http.latency", "http.?"));
  EXPECT_FALSE(is_like("http", "http.*"));
  EXPECT_TRUE(is_like("", "*"));
  EXPECT_FALSE(is_like("", "?"));
  EXPECT_TRUE(is_like("aXbYYc", "a?b*c"));
  EXPECT_TRUE(is_like("one.two.three", "*?wo*e?"));
  EXPECT_FALSE(is_like("one.two", "one?two?"));
}

}  // namespace
}  // namespace posthaste

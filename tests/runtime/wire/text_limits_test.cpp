#include "runtime/wire/text_limits.h"

#include "runtime/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::wire {
namespace {

TEST(TextLimits, CountUtf16Units) {
  EXPECT_EQ(cut_units("abcdef", 3), "abc");
  EXPECT_EQ(cut_units("ééé", 2), "éé");
  EXPECT_EQ(cut_units("a😀b", 3), "a😀") << "a character beyond the first plane counts twice";
  EXPECT_EQ(cut_units("a😀b", 2), "a") << "never half a pair";
  EXPECT_EQ(cut_units("", 0), "");
}

TEST(TextLimits, CountBytesAndKeepCharactersWhole) {
  EXPECT_EQ(cut_bytes("abcdef", 3), "abc");
  EXPECT_EQ(cut_bytes("aéé", 4), "aé");
  EXPECT_EQ(cut_bytes("a😀b", 4), "a");
  EXPECT_EQ(cut_bytes("a😀b", 5), "a😀");
  EXPECT_EQ(cut_bytes("é", 0), "");
}

TEST(TextLimits, NeverSplitACharacterWhereverTheyCut) {
  const std::string text = "aé\u20ac😀bü\u2028z😀😀";
  for (std::size_t limit = 0; limit < text.size() + 2; ++limit) {
    EXPECT_TRUE(is_utf8(cut_bytes(text, limit)));
    EXPECT_TRUE(is_utf8(cut_units(text, limit)));
    EXPECT_LE(cut_bytes(text, limit).size(), limit);
  }
}

TEST(TextLimits, CutBytesThatAreNoTextToo) {
  const std::string stray(100, '\x80');
  EXPECT_EQ(cut_bytes(stray, 10).size(), 10u);
  EXPECT_EQ(cut_units(stray, 10).size(), 10u);
}

}  // namespace
}  // namespace posthaste::wire

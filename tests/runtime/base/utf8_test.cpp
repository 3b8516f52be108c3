#include "runtime/base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace posthaste {
namespace {

TEST(Utf8, AcceptsEveryLengthOfCharacter) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\xC2\xA0 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF"));
  EXPECT_TRUE(is_utf8("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const char* const bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE2\x80", "\xE2\x80\x41", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFF", "fine until \xF0\x90\x80"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Utf8, PrintableEscapesWhatWouldBreakALine) {
  EXPECT_EQ(printable("a\nb\tc\x7F", 100), "a\\x0ab\\x09c\\x7f");
  EXPECT_EQ(printable("\xC2\x85|\xE2\x80\xA8|\xE2\x80\xA9", 100),
            "\\xc2\\x85|\\xe2\\x80\\xa8|\\xe2\\x80\\xa9");
  EXPECT_EQ(printable("\xFFok\xC2", 100), "\\xffok\\xc2");
  EXPECT_EQ(printable("gr\xC3\xBC\xC3\x9F", 100), "gr\xC3\xBC\xC3\x9F");
}

TEST(Utf8, PrintableCutsBetweenCharacters) {
  EXPECT_EQ(printable("\xC3\xBC\xC3\xBC", 4), "\xC3\xBC\xC3\xBC");
  EXPECT_EQ(printable("\xC3\xBC\xC3\xBC", 3), "\xC3\xBC...");
  EXPECT_EQ(printable("\n\n", 4), "\\x0a...");
}

TEST(Utf8, PrintableOfRandomBytesIsOneBoundedLineOfUtf8) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const std::string shown = printable(text, 60);
    ASSERT_TRUE(is_utf8(shown));
    ASSERT_LE(shown.size(), 63u);
    ASSERT_EQ(shown.find_first_of("\n\r\v\f"), std::string::npos);
  }
}

}  // namespace
}  // namespace posthaste

#include "runtime/config/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace posthaste::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Text, NumbersAreDigitsAlone) {
  EXPECT_EQ(parse_number("0"), 0u);
  EXPECT_EQ(parse_number("0512"), 512u);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (const char* const bad :
       {"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x10", "5s", "1,000", "18446744073709551616"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

TEST(Text, BooleansAreTrueAndFalseInAnyCase) {
  EXPECT_EQ(parse_boolean("TRUE"), true);
  EXPECT_EQ(parse_boolean("false"), false);
  for (const char* const bad : {"", "1", "0", "yes", "on", "truee"}) {
    EXPECT_EQ(parse_boolean(bad), std::nullopt) << bad;
  }
}

TEST(Text, SplitsIntoTrimmedPiecesThatHoldSomething) {
  EXPECT_THAT(split(" a ; ;b;\t\r\n;", ';'), ElementsAre("a", "b"));
  EXPECT_THAT(split("", ';'), ElementsAre());
}

TEST(Text, DecodesPercentAndRefusesHalfOfOne) {
  EXPECT_EQ(percent_decoded("a%2Cb%3d%C3%BC"), "a,b=\xC3\xBC");
  for (const char* const bad : {"%", "%4", "%zz", "a%4", "%%41"}) {
    EXPECT_EQ(percent_decoded(bad), std::nullopt) << bad;
  }
}

TEST(Text, KnowsAGuidInAnyCase) {
  EXPECT_TRUE(is_guid("0123abcd-4567-89ef-0123-456789ABCDEF"));
  for (const char* const bad :
       {"", "0123abcd456789ef0123456789abcdef", "0123abcd-4567-89ef-0123-456789abcdeg",
        "0123abcd-4567-89ef-0123-456789abcde", "0123abcd-4567-89ef-0123-456789abcdef0",
        "0123abcd-456-789ef-0123-456789abcdef", "{0123abcd-4567-89ef-0123-456789abcd}"}) {
    EXPECT_FALSE(is_guid(bad)) << bad;
  }
}

TEST(Text, QuotesWithoutKeysAndPasswords) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(quoted("x=0123abcd-4567-89ef-0123-456789abcdef!"), "\"x=****cdef!\"");
  EXPECT_EQ(quoted("0123456789abcdef"), "\"****cdef\"");
  EXPECT_EQ(quoted("https://user:pa@ss@host/"), "\"https://****@host/\"");
  EXPECT_EQ(quoted("user:pass@host"), "\"****@host\"");
}

TEST(Text, QuotesAKeyThatTheCutWouldHalve) {
  const std::string key = "0123abcd-4567-89ef-0123-456789abcdef";
  for (std::size_t before = 60; before < 110; ++before) {
    const std::string shown = config::quoted(std::string(before, 'x') + key);
    EXPECT_THAT(shown, Not(HasSubstr("0123abcd"))) << before;
    EXPECT_LE(shown.size(), 105u);
  }
}

}  // namespace
}  // namespace posthaste::config

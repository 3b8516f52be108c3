#include "runtime/wire/reply_headers.h"

#include <gtest/gtest.h>

namespace posthaste::wire {
namespace {

using namespace std::chrono_literals;

// Sun, 06 Nov 1994 08:49:37 GMT
constexpr WallTime now{std::chrono::seconds{784'111'777}};

std::optional<std::chrono::seconds> wait(std::string_view value) {
  return parse_retry_after(value, now);
}

TEST(RetryAfter, IsSecondsWithinAnHour) {
  EXPECT_EQ(wait("0"), 0s);
  EXPECT_EQ(wait(" 120 "), 120s);
  EXPECT_EQ(wait("1000000000000"), 3'600s);
  EXPECT_EQ(wait("99999999999999999999999999999999"), 3'600s);
}

TEST(RetryAfter, IsADateInAnyOfItsThreeForms) {
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:50:07 GMT"), 30s);
  EXPECT_EQ(wait("Sunday, 06-Nov-94 08:50:07 GMT"), 30s);
  EXPECT_EQ(wait("Sun Nov  6 08:50:07 1994"), 30s);
}

TEST(RetryAfter, ClampsDates) {
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:49:00 GMT"), 0s);
  EXPECT_EQ(wait("Sun, 06 Nov 2094 08:49:37 GMT"), 3'600s);
  EXPECT_EQ(wait("Fri, 31 Dec 9999 23:59:59 GMT"), 3'600s);
}

TEST(RetryAfter, IgnoresWhatMakesNoSense) {
  for (const char* value :
       {"", " ", "-1", "1.5", "12s", "soon", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", ",,,"}) {
    EXPECT_FALSE(wait(value)) << value;
  }
}

TEST(MaxAge, IsReadFromCacheControl) {
  EXPECT_EQ(parse_max_age("max-age=600"), 600s);
  EXPECT_EQ(parse_max_age("public, Max-Age=60 , immutable"), 60s);
  EXPECT_EQ(parse_max_age("max-age=999999999999"), 86'400s);
  EXPECT_FALSE(parse_max_age("no-store"));
  EXPECT_FALSE(parse_max_age("max-age=x"));
  EXPECT_FALSE(parse_max_age(""));
}

}  // namespace
}  // namespace posthaste::wire

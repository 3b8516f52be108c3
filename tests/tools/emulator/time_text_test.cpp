#include "tools/emulator/time_text.h"

#include <gtest/gtest.h>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;

TEST(TimeText, ReadsTheTimestampsOfAllSdks) {
  const WallTime second{1'700'000'000s};
  EXPECT_EQ(read_timestamp("2023-11-14T22:13:20Z"), second);
  EXPECT_EQ(read_timestamp("2023-11-14T22:13:20.123Z"), second + 123ms);
  EXPECT_EQ(read_timestamp("2023-11-14T22:13:20.123456Z"), second + 123456us);
  EXPECT_EQ(read_timestamp("2023-11-14T22:13:20.1234567Z"), second + 123456700ns);
  EXPECT_EQ(read_timestamp("2023-11-14T22:13:20.123456789123Z"), second + 123456789ns);
  EXPECT_EQ(read_timestamp("2023-11-15T00:13:20+02:00"), second);
  EXPECT_EQ(read_timestamp("2023-11-14T17:13:20.5-05:00"), second + 500ms);
  EXPECT_EQ(read_timestamp("1970-01-01T00:00:00Z"), WallTime{});
}

TEST(TimeText, RefusesWhatIsNoTimestamp) {
  for (const std::string_view text :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14 22:13:20Z", "2023-13-14T22:13:20Z",
        "2023-02-29T22:13:20Z", "2023-11-14T24:13:20Z", "2023-11-14T22:60:20Z",
        "2023-11-14T22:13:60Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20ZZ",
        "0001-01-01T00:00:00Z", "9999-11-14T22:13:20Z", "2023-11-14T22:13:20+15:00",
        "2023-1-14T22:13:20Z", "1700000000", "2023-11-14T22:13:20.1234567890123456789Z"}) {
    EXPECT_EQ(read_timestamp(text), std::nullopt) << text;
  }
}

TEST(TimeText, ReadsTimeSpans) {
  EXPECT_EQ(read_time_span("00:00:00"), 0ns);
  EXPECT_EQ(read_time_span("00:00:00.0015"), 1500us);
  EXPECT_EQ(read_time_span("00:00:01.5"), 1500ms);
  EXPECT_EQ(read_time_span("23:59:59.9999999"), 24h - 100ns);
  EXPECT_EQ(read_time_span("1.01:01:01.0015"), 25h + 1min + 1s + 1500us);
  EXPECT_EQ(read_time_span("999.23:59:59.9999999"), 1000 * 24h - 100ns);
}

TEST(TimeText, RefusesWhatIsNoTimeSpan) {
  for (const std::string_view text :
       {"", "1", "1.5", "00:00", "00:00:60.000", "24:00:00", "00:60:00", "1000.00:00:00",
        "-00:00:01", "0:0:1", "00:00:00.", "00:00:00.12345678", "00:00:00 ", ".00:00:00",
        "1.2.00:00:00"}) {
    EXPECT_EQ(read_time_span(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace posthaste::tools

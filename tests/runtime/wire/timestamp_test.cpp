#include "runtime/wire/timestamp.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::wire {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

std::string stamp(TimestampWriter& writer, std::int64_t ns) {
  char text[TimestampWriter::size];
  char* const end = writer.put(text, WallTime{nanoseconds{ns}});
  return {text, end};
}

std::string stamp(std::int64_t ns) {
  TimestampWriter writer;
  return stamp(writer, ns);
}

std::string span(nanoseconds duration) {
  char text[duration_size];
  char* const end = put_duration(text, duration);
  return {text, end};
}

TEST(Timestamp, HasSevenDigitsAndCutsTheRest) {
  EXPECT_EQ(stamp(1'767'225'600'124'000'000), "2026-01-01T00:00:00.1240000Z");
  EXPECT_EQ(stamp(1'767'225'600'130'000'000), "2026-01-01T00:00:00.1300000Z");
  EXPECT_EQ(stamp(1'767'225'600'999'999'999), "2026-01-01T00:00:00.9999999Z");
  EXPECT_EQ(stamp(1'700'000'000'123'456'789), "2023-11-14T22:13:20.1234567Z");
}

TEST(Timestamp, KnowsTheCalendar) {
  EXPECT_EQ(stamp(0), "1970-01-01T00:00:00.0000000Z");
  EXPECT_EQ(stamp(1'709'164'800'000'000'000), "2024-02-29T00:00:00.0000000Z");
  EXPECT_EQ(stamp(4'102'444'799'000'000'000), "2099-12-31T23:59:59.0000000Z");
  EXPECT_EQ(stamp(-1), "1969-12-31T23:59:59.9999999Z");
  EXPECT_EQ(stamp(INT64_MAX), "2262-04-11T23:47:16.8547758Z");
  EXPECT_EQ(stamp(INT64_MIN), "1677-09-21T00:12:43.1452241Z");
}

TEST(Timestamp, RemembersASecondWithoutSticking) {
  TimestampWriter writer;
  EXPECT_EQ(stamp(writer, 1'767'225'600'000'000'000), "2026-01-01T00:00:00.0000000Z");
  EXPECT_EQ(stamp(writer, 1'767'225'600'500'000'000), "2026-01-01T00:00:00.5000000Z");
  EXPECT_EQ(stamp(writer, 1'767'225'601'000'000'000), "2026-01-01T00:00:01.0000000Z");
  EXPECT_EQ(stamp(writer, 1'767'225'599'000'000'000), "2025-12-31T23:59:59.0000000Z");
}

TEST(Duration, HasThreeToSevenDigits) {
  EXPECT_EQ(span(0ns), "00:00:00.000");
  EXPECT_EQ(span(1'500us), "00:00:00.0015");
  EXPECT_EQ(span(1'500ms), "00:00:01.500");
  EXPECT_EQ(span(3'599'999ms), "00:59:59.999");
  EXPECT_EQ(span(86'399'999ms), "23:59:59.999");
  EXPECT_EQ(span(86'400'000ms), "1.00:00:00.000");
  EXPECT_EQ(span(90'061'001'500us), "1.01:01:01.0015");
  EXPECT_EQ(span(100ns), "00:00:00.0000001");
}

TEST(Duration, RoundsToHundredNanosecondsAndCarries) {
  EXPECT_EQ(span(49ns), "00:00:00.000");
  EXPECT_EQ(span(50ns), "00:00:00.0000001");
  EXPECT_EQ(span(12'345'679ns), "00:00:00.0123457");
  EXPECT_EQ(span(59'999'999'990ns), "00:01:00.000");
}

TEST(Duration, StaysWithinWhatTheServiceTakes) {
  EXPECT_EQ(span(-5ms), "00:00:00.000");
  EXPECT_EQ(span(24h * 1000), "999.23:59:59.9999999");
  EXPECT_EQ(span(24h * 1000 - 100ns), "999.23:59:59.9999999");
  EXPECT_EQ(span(nanoseconds::max()), "999.23:59:59.9999999");
  EXPECT_EQ(span(24h * 400), "400.00:00:00.000");
}

}  // namespace
}  // namespace posthaste::wire

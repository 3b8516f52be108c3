#include "runtime/model/head_sampling.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <string_view>
#include <tuple>

namespace posthaste::model {
namespace {

constexpr auto upper_case = SamplingHash::application_insights_upper_case;

struct Vector {
  std::string_view trace_id;
  double lower_case;  // as Node, Python, Java and classic .NET score it
  double upper_case;  // as .NET with OpenTelemetry does
};

constexpr Vector vectors[] = {
    {"00000000000000000000000000000000", 2.3393514111, 2.3393514111},
    {"00000000000000000000000000000001", 2.3393514577, 2.3393514577},
    {"ffffffffffffffffffffffffffffffff", 99.9613551423, 86.5872117628},
    {"0af7651916cd43dd8448eb211c80319c", 52.7889280360, 10.7738672340},
    {"4bf92f3577b34da6a3ce929d0e0e4736", 33.4613538503, 61.9750940530},
    {"0123456789abcdef0123456789abcdef", 25.7284645577, 76.0964091756},
    {"fedcba9876543210fedcba9876543210", 23.6991043779, 32.4755008949},
    {"deadbeefdeadbeefdeadbeefdeadbeef", 30.4476795394, 43.8991127274},
    {"cafebabecafebabecafebabecafebabe", 50.9728302020, 37.5213970139},
    {"11111111111111112222222222222222", 56.1550592799, 56.1550592799},
    {"80000000000000000000000000000000", 35.9033352397, 35.9033352397},
    {"7fffffffffffffffffffffffffffffff", 22.1497600070, 98.6547421192},
    {"a1b2c3d4e5f60718293a4b5c6d7e8f90", 67.8583618104, 82.0310290819},
    {"5b8efff798038103d269b633813fc60c", 90.1593336790, 43.0121919806},
    {"463ac35c9f6413ad48485a3953bb6124", 65.9016658859, 9.0501491954},
    {"d41d8cd98f00b204e9800998ecf8427e", 11.6588059867, 43.9728480037},
    {"1a2b3c4d5e6f70818293a4b5c6d7e8f9", 25.9170957496, 43.6694391741},
    {"abcdefabcdefabcdefabcdefabcdefab", 63.6157609353, 77.0671941233},
    {"12345678901234567890123456789012", 93.0682175760, 93.0682175760},
    {"e3b0c44298fc1c149afbf4c8996fb924", 91.4044318681, 80.5611479006},
};

/// Built to hit the ends of the hash and of some rates.
struct Edge {
  std::string_view trace_id;
  double score;
};

constexpr Edge edges[] = {
    {"4bf92f3577b31ce8e000c0ffee002594", 100},
    {"4bf92f3577b31ce8e000c0ffee002593", 100},
    {"4bf92f3577b31ce8e000c0ffee002595", 100},
    {"4bf92f3577b30430b000c0ffee00471e", 0},
    {"4bf92f3577b3025a1000c0ffee0054e2", 49.999999976716936},
    {"4bf92f3577b3025a1000c0ffee0054e3", 50.000000023283064},
    {"4bf92f3577b3161d6000c0ffee000022", 9.99999996740371},
    {"4bf92f3577b3161d6000c0ffee000023", 10.000000013969839},
    {"4bf92f3577b31a86c000c0ffee00fb41", 4.999999983701855},
    {"4bf92f3577b31a86c000c0ffee00fb42", 5.000000030267984},
};

/// All zeros too, which is no valid id.
TraceId trace_of(std::string_view hex) {
  TraceId trace;
  for (std::size_t i = 0; i < 16; ++i) {
    const auto digit = [&](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    trace.bytes[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
  }
  return trace;
}

TraceId random_trace(std::mt19937_64& random) {
  return std::bit_cast<TraceId>(std::array{random(), random()});
}

TEST(HeadSampling, ScoresAsOtherApplicationInsightsSdksDo) {
  for (const auto& [trace_id, lower, upper] : vectors) {
    EXPECT_NEAR(sampling_score(trace_of(trace_id)), lower, 1e-9) << trace_id;
    EXPECT_NEAR(sampling_score(trace_of(trace_id), upper_case), upper, 1e-9) << trace_id;
  }
}

TEST(HeadSampling, ScoresTheEndsExactly) {
  for (const auto& [trace_id, score] : edges) {
    EXPECT_DOUBLE_EQ(sampling_score(trace_of(trace_id)), score) << trace_id;
  }
}

TEST(HeadSampling, KeepsATraceJustBelowTheRateAndNotOneJustAbove) {
  for (const auto& [rate, in, out] :
       {std::tuple{50, "4bf92f3577b3025a1000c0ffee0054e2", "4bf92f3577b3025a1000c0ffee0054e3"},
        {10, "4bf92f3577b3161d6000c0ffee000022", "4bf92f3577b3161d6000c0ffee000023"},
        {5, "4bf92f3577b31a86c000c0ffee00fb41", "4bf92f3577b31a86c000c0ffee00fb42"}}) {
    EXPECT_TRUE(keeps(rate, trace_of(in))) << rate;
    EXPECT_FALSE(keeps(rate, trace_of(out))) << rate;
  }
}

TEST(HeadSampling, KeepsAllAtAHundredAndNoneAtZero) {
  const TraceId top = trace_of("4bf92f3577b31ce8e000c0ffee002594");
  const TraceId bottom = trace_of("4bf92f3577b30430b000c0ffee00471e");
  EXPECT_TRUE(keeps(100, top));
  EXPECT_FALSE(keeps(99.999999, top));
  EXPECT_FALSE(keeps(0, bottom));
}

TEST(HeadSampling, KeepsByNumbersWhatItKeepsByScores) {
  const SamplingNumber fastest = fastest_sampling_number();
  const auto expect_same = [&](const TraceId& trace) {
    ASSERT_EQ(fastest(trace), sampling_number(trace));
    for (const double rate :
         {-1.0, 0.0, 1e-9, 5.0, 10.0, 100.0 / 3, 50.0, 99.999999, 100.0, std::nan("")}) {
      ASSERT_EQ(sampling_number(trace) < kept_numbers(rate), keeps(rate, trace)) << rate;
    }
  };
  for (const Vector& vector : vectors) expect_same(trace_of(vector.trace_id));
  for (const Edge& edge : edges) expect_same(trace_of(edge.trace_id));
  std::mt19937_64 random(20261123);
  for (int i = 0; i < 10'000; ++i) expect_same(random_trace(random));
}

TEST(HeadSampling, ByTraceIdComparesTheLast56BitsWithAThreshold) {
  // At 25 % the threshold is c00000 00000000: R >= T is kept.
  const auto keeps_quarter = [](std::string_view id) {
    return keeps(25, trace_of(id), SamplingHash::trace_id);
  };
  EXPECT_FALSE(keeps_quarter("00000000000000000000000000000000"));
  EXPECT_FALSE(keeps_quarter("ffffffffffffffffffbfffffffffff00"));
  EXPECT_TRUE(keeps_quarter("000000000000000000c0000000000000"));
  EXPECT_TRUE(keeps_quarter("00000000000000000fffffffffffffff"));
}

TEST(HeadSampling, KeepsThePartOfTracesThatTheRateSays) {
  for (const SamplingHash hash :
       {SamplingHash::application_insights, upper_case, SamplingHash::trace_id}) {
    std::mt19937_64 random(20240229);
    constexpr int traces = 100'000;
    int kept[] = {0, 0, 0, 0};
    constexpr double rates[] = {50, 100.0 / 3, 10, 1};
    for (int i = 0; i < traces; ++i) {
      const TraceId trace = random_trace(random);
      const double score = sampling_score(trace, hash);
      ASSERT_TRUE(score >= 0 && score <= 100);
      for (int r = 0; r < 4; ++r) kept[r] += keeps(rates[r], trace, hash) ? 1 : 0;
      for (int r = 1; r < 4; ++r) {  // what is kept at a rate is kept at every higher one
        ASSERT_LE(keeps(rates[r], trace, hash), keeps(rates[r - 1], trace, hash));
      }
    }
    for (int r = 0; r < 4; ++r) {
      const double expected = traces * rates[r] / 100;
      const double deviation = std::sqrt(expected * (1 - rates[r] / 100));
      // The hash is no perfect dice: five standard deviations and half a percent.
      EXPECT_NEAR(kept[r], expected, 5 * deviation + expected * 0.005) << rates[r];
    }
  }
}

}  // namespace
}  // namespace posthaste::model

#include "runtime/model/trace_state_threshold.h"

#include "api/trace_state.h"
#include "runtime/model/head_sampling.h"
#include "runtime/model/trace_state_rate.h"
#include "tests/support/dice.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace posthaste::model {
namespace {

std::string written(std::string_view state, const KeptRate& kept) {
  std::array<char, most_trace_state_bytes> buffer;
  return std::string(with_rate(state, kept, buffer));
}

TEST(TraceStateThreshold, IsThatOfOpenTelemetrysSpecification) {
  EXPECT_EQ(written("", {.percent = 50}), "ot=th:8");
  EXPECT_EQ(written("", {.percent = 25}), "ot=th:c");
  EXPECT_EQ(written("", {.percent = 3.125}), "ot=th:f8");
  EXPECT_EQ(written("", {.percent = 50, .randomness = 0xabcdef01234567}),
            "ot=th:8;rv:abcdef01234567");
  EXPECT_EQ(written("", {.percent = 100}), "");
}

TEST(TraceStateThreshold, ReplacesTheOneOfTheCallerAndLeavesItsOtherWords) {
  EXPECT_EQ(written("a=1, ot=rv:0123456789abcd;th:8;x:y ,b=2", {.percent = 25, .randomness = 5}),
            "ot=th:c;rv:0123456789abcd;x:y,a=1,b=2");
  EXPECT_EQ(written("ot=th:8", {.percent = 100}), "ot=th:0");
  EXPECT_EQ(written("a=1,ot=th:8", {.sampled = false}), "a=1");
  EXPECT_EQ(written("a=1,ot=rv:0123456789abcd;th:8", {.sampled = false}),
            "ot=rv:0123456789abcd,a=1");
}

TEST(TraceStateThreshold, ThatSaysSoAlreadyStaysAsItCame) {
  for (const char* const state : {"a=1, ot=th:8", "ot=x:y;th:80,b=2"}) {
    EXPECT_EQ(written(state, {.percent = 50}), state);
  }
  EXPECT_EQ(written("ot=rv:1,a=1", {.sampled = false}), "ot=rv:1,a=1");
  EXPECT_EQ(written("a=1", {.percent = 100}), "a=1");
}

TEST(TraceStateThreshold, TakesThePlaceOfTheLastMembersWhereThereIsNoRoom) {
  std::string full = "k0=v";
  for (int i = 1; i < 32; ++i) full += ",k" + std::to_string(i) + "=v";
  const std::string one_less = full.substr(0, full.rfind(','));
  EXPECT_EQ(written(full, {.percent = 50}), "ot=th:8," + one_less);
  const std::string long_ones = "a=" + std::string(250, 'x') + ",b=" + std::string(250, 'y');
  EXPECT_EQ(written(long_ones, {.percent = 50}), "ot=th:8,a=" + std::string(250, 'x'));
  const std::string long_ot = "ot=" + std::string(256, 'x');
  EXPECT_EQ(written(long_ot, {.percent = 50}), "ot=th:8");
}

// What is written is read again as it was meant, is a trace state, and agrees with the decision.
TEST(TraceStateThreshold, ReadsBackAsTheRateThatWasWritten) {
  testing_support::Dice dice(11);
  const std::string states[] = {"", "a=1", "ot=th:4;rv:0123456789abcd,b=2", "x=y,ot=q:r"};
  int with_randomness = 0;
  for (int round = 0; round < 20'000; ++round) {
    TraceId trace;
    for (auto& byte : trace.bytes) byte = static_cast<std::uint8_t>((dice() % 256));
    const double percent = 0.001 + static_cast<double>((dice() % 1'000'000)) / 10'001;
    const auto hash = static_cast<SamplingHash>((dice() % 3));
    const KeptRate kept{.percent = percent, .randomness = randomness_of(trace, hash, percent)};
    const std::string state = written(states[(dice() % 4)], kept);
    EXPECT_NEAR(rate_in_trace_state(state), percent, percent * 1e-9);
    EXPECT_TRUE(is_trace_state(state)) << state;
    EXPECT_EQ(kept.randomness.has_value(),
              hash != SamplingHash::trace_id && keeps(percent, trace, hash));
    if (!kept.randomness) continue;
    ++with_randomness;
    constexpr double all = 72057594037927936.0;  // 2^56
    EXPECT_GE(static_cast<double>(*kept.randomness) / all, 1 - percent / 100 - 1e-12);
    EXPECT_LT(*kept.randomness, std::uint64_t{1} << 56);
  }
  EXPECT_GT(with_randomness, 1'000);
}

// By OpenTelemetry's rule (randomness >= threshold) whoever checks a trace that the trace id's hash
// kept comes to the same.
TEST(TraceStateThreshold, AgreesWithTheTraceIdsOwnBits) {
  testing_support::Dice dice(12);
  int kept = 0;
  for (int round = 0; round < 20'000; ++round) {
    TraceId trace;
    for (auto& byte : trace.bytes) byte = static_cast<std::uint8_t>((dice() % 256));
    const double percent = 1 + static_cast<double>((dice() % 99));
    std::uint64_t random = 0;
    for (std::size_t i = 9; i < 16; ++i) random = random << 8 | trace.bytes[i];
    const std::string state = written("", {.percent = percent});
    std::string digits = state.substr(6);
    digits.resize(14, '0');
    const std::uint64_t threshold = std::stoull(digits, nullptr, 16);
    // The score is of 53 bits, so that beside the threshold the two may differ.
    if (random + 16 > threshold && random < threshold + 16) continue;
    EXPECT_EQ(random >= threshold, keeps(percent, trace, SamplingHash::trace_id)) << state;
    kept += random >= threshold ? 1 : 0;
  }
  EXPECT_GT(kept, 5'000);
}

}  // namespace
}  // namespace posthaste::model

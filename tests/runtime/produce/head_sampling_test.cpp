#include "runtime/produce/head_sampling.h"

#include <gtest/gtest.h>

namespace posthaste::produce {
namespace {

struct Vector {
  const char* trace_id;
  double score;
};

// Scores as Microsoft's own SDKs compute them.
constexpr Vector vectors[] = {
    {"00000000000000000000000000000001", 2.3393514577},
    {"ffffffffffffffffffffffffffffffff", 99.9613551423},
    {"0af7651916cd43dd8448eb211c80319c", 52.7889280360},
    {"4bf92f3577b34da6a3ce929d0e0e4736", 33.4613538503},
    {"deadbeefdeadbeefdeadbeefdeadbeef", 30.4476795394},
    {"80000000000000000000000000000000", 35.9033352397},
    {"4bf92f3577b31ce8e000c0ffee002594", 100},
    {"4bf92f3577b31ce8e000c0ffee002593", 100},
    {"4bf92f3577b30430b000c0ffee00471e", 0},
};

TEST(HeadSampling, ScoresAsOtherApplicationInsightsSdksDo) {
  for (const Vector& vector : vectors) {
    const auto trace = TraceId::from_hex(vector.trace_id);
    ASSERT_TRUE(trace) << vector.trace_id;
    EXPECT_NEAR(sampling_score(*trace), vector.score, 1e-9) << vector.trace_id;
  }
}

TEST(HeadSampling, KeepsATraceJustBelowTheRateAndNotOneJustAbove) {
  EXPECT_TRUE(keeps(50, *TraceId::from_hex("4bf92f3577b3025a1000c0ffee0054e2")));
  EXPECT_FALSE(keeps(50, *TraceId::from_hex("4bf92f3577b3025a1000c0ffee0054e3")));
  EXPECT_TRUE(keeps(10, *TraceId::from_hex("4bf92f3577b3161d6000c0ffee000022")));
  EXPECT_FALSE(keeps(10, *TraceId::from_hex("4bf92f3577b3161d6000c0ffee000023")));
}

TEST(HeadSampling, KeepsAllAtAHundredAndNoneAtZero) {
  const TraceId top = *TraceId::from_hex("4bf92f3577b31ce8e000c0ffee002594");
  const TraceId bottom = *TraceId::from_hex("4bf92f3577b30430b000c0ffee00471e");
  EXPECT_TRUE(keeps(100, top));
  EXPECT_FALSE(keeps(99.999999, top));
  EXPECT_FALSE(keeps(0, bottom));
}

}  // namespace
}  // namespace posthaste::produce

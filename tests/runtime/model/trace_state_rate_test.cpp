#include "runtime/model/trace_state_rate.h"

#include <gtest/gtest.h>

namespace posthaste::model {
namespace {

TEST(TraceStateRate, IsWhatTheThresholdOfOpenTelemetrySays) {
  EXPECT_EQ(rate_in_trace_state("ot=th:0"), 100);
  EXPECT_EQ(rate_in_trace_state("ot=th:8"), 50);
  EXPECT_EQ(rate_in_trace_state("ot=th:c"), 25);
  EXPECT_EQ(rate_in_trace_state("vendor=x, ot=rv:0123456789abcd;th:f8 ,b=c"), 100)
      << "a blank behind it is none of its digits";
  EXPECT_EQ(rate_in_trace_state("vendor=x, ot=rv:0123456789abcd;th:f8,b=c"), 3.125);
  EXPECT_NEAR(rate_in_trace_state("ot=th:fd70a4"), 1, 1e-5);
  EXPECT_GT(rate_in_trace_state("ot=th:ffffffffffffff"), 0);
}

TEST(TraceStateRate, IsAHundredWhereNothingThatMakesSenseIsSaid) {
  for (const char* const state :
       {"", "ot=", "ot=rv:8", "not=th:8", "vendor=ot=th:8", "ot=th:", "ot=th:g", "ot=th:C",
        "ot=th:000000000000000", "ot=xth:8", ",,,", "ot"}) {
    EXPECT_EQ(rate_in_trace_state(state), 100) << state;
  }
}

}  // namespace
}  // namespace posthaste::model

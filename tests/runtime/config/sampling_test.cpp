#include "runtime/config/sampling.h"

#include <gtest/gtest.h>

namespace posthaste::config {
namespace {

TEST(Sampling, KnowsTheSamplersOfOpenTelemetryAndMicrosoft) {
  struct Case {
    const char *name, *argument;
    double ratio;
    ParentRule parents;
  };
  for (const auto& [name, argument, ratio, parents] : {
           Case{"always_on", "", 1, ParentRule::ignore},
           Case{"always_on", "nonsense", 1, ParentRule::ignore},
           Case{"Always_Off", "", 0, ParentRule::ignore},
           Case{"traceidratio", "0.25", 0.25, ParentRule::ignore},
           Case{"trace_id_ratio", "1e-3", 0.001, ParentRule::ignore},
           Case{"traceidratio", "", 1, ParentRule::ignore},
           Case{"parentbased_always_on", "", 1, ParentRule::follow},
           Case{"parentbased_always_off", "", 0, ParentRule::follow},
           Case{"PARENTBASED_TRACEIDRATIO", "0", 0, ParentRule::follow},
           Case{"parentbased_trace_id_ratio", "1", 1, ParentRule::follow},
           Case{"microsoft.fixed_percentage", "0.05", 0.05, ParentRule::ignore},
       }) {
    const SamplerChoice choice = choose_sampler(name, argument);
    EXPECT_TRUE(choice.known && choice.argument_valid) << name;
    EXPECT_EQ(choice.rate.as_ratio(), ratio) << name;
    EXPECT_EQ(choice.parents, parents) << name;
  }
}

TEST(Sampling, AnUnknownSamplerIsNotGuessedAt) {
  for (const char* const name : {"jaeger_remote", "xray", "microsoft.rate_limited", "always",
                                 "parentbased_", "parentbased_jaeger_remote"}) {
    EXPECT_FALSE(choose_sampler(name, "").known) << name;
  }
}

TEST(Sampling, AWrongArgumentKeepsEverything) {
  for (const char* const argument : {"25", "-0.1", "1.01", "nan", "inf", "0,5", "50%", "0.5 x"}) {
    const SamplerChoice choice = choose_sampler("parentbased_traceidratio", argument);
    EXPECT_FALSE(choice.argument_valid) << argument;
    EXPECT_EQ(choice.rate, SampleRate::always());
    EXPECT_EQ(choice.parents, ParentRule::follow);
  }
}

}  // namespace
}  // namespace posthaste::config

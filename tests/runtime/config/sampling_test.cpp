#include "runtime/config/sampling.h"

#include <gtest/gtest.h>

#include <utility>

namespace posthaste::config {
namespace {

TEST(Sampling, KnowsTheSamplersOfOpenTelemetryAndMicrosoft) {
  struct Case {
    const char *name, *argument;
    double ratio;
    ParentRule parents;
    SamplingHash hash = SamplingHash::application_insights;
  };
  for (const auto& [name, argument, ratio, parents, hash] : {
           Case{"always_on", "", 1, ParentRule::ignore},
           Case{"always_on", "nonsense", 1, ParentRule::ignore},
           Case{"Always_Off", "", 0, ParentRule::ignore},
           Case{"traceidratio", "0.25", 0.25, ParentRule::ignore, SamplingHash::trace_id},
           Case{"trace_id_ratio", "1e-3", 0.001, ParentRule::ignore, SamplingHash::trace_id},
           Case{"traceidratio", "", 1, ParentRule::ignore, SamplingHash::trace_id},
           Case{"parentbased_always_on", "", 1, ParentRule::follow},
           Case{"parentbased_always_off", "", 0, ParentRule::follow},
           Case{"PARENTBASED_TRACEIDRATIO", "0", 0, ParentRule::follow, SamplingHash::trace_id},
           Case{"parentbased_trace_id_ratio", "1", 1, ParentRule::follow, SamplingHash::trace_id},
           Case{"microsoft.fixed_percentage", "0.05", 0.05, ParentRule::follow_local},
       }) {
    const SamplerChoice choice = choose_sampler(name, argument);
    EXPECT_TRUE(choice.known && choice.argument_valid) << name;
    EXPECT_EQ(choice.sampling.kind, SamplerKind::fixed_rate) << name;
    EXPECT_EQ(choice.sampling.rate.as_ratio(), ratio) << name;
    EXPECT_EQ(choice.sampling.parents, parents) << name;
    EXPECT_EQ(choice.sampling.hash, hash) << name;
  }
}

TEST(Sampling, RateLimitedTakesTracesPerSecond) {
  for (const auto& [argument, number] :
       {std::pair{"", 5.0}, {"0", 0.0}, {"0.5", 0.5}, {"250", 250.0}}) {
    const SamplerChoice choice = choose_sampler("microsoft.Rate_Limited", argument);
    EXPECT_TRUE(choice.known && choice.argument_valid) << argument;
    EXPECT_EQ(choice.sampling.kind, SamplerKind::rate_limited);
    EXPECT_EQ(choice.sampling.traces_per_second, number);
    EXPECT_EQ(choice.sampling.parents, ParentRule::follow_local);
  }
  for (const char* const argument : {"-1", "many", "nan", "inf", "1000001"}) {
    const SamplerChoice choice = choose_sampler("microsoft.rate_limited", argument);
    EXPECT_FALSE(choice.argument_valid) << argument;
    EXPECT_EQ(choice.sampling.traces_per_second, 5);
  }
}

TEST(Sampling, AnUnknownSamplerIsNotGuessedAt) {
  for (const char* const name :
       {"jaeger_remote", "xray", "always", "parentbased_", "parentbased_jaeger_remote"}) {
    EXPECT_FALSE(choose_sampler(name, "").known) << name;
  }
}

TEST(Sampling, AWrongArgumentKeepsEverything) {
  for (const char* const argument : {"25", "-0.1", "1.01", "nan", "inf", "0,5", "50%", "0.5 x"}) {
    const SamplerChoice choice = choose_sampler("parentbased_traceidratio", argument);
    EXPECT_FALSE(choice.argument_valid) << argument;
    EXPECT_EQ(choice.sampling.rate, SampleRate::always());
    EXPECT_EQ(choice.sampling.parents, ParentRule::follow);
  }
}

}  // namespace
}  // namespace posthaste::config

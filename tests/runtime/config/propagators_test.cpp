#include "runtime/config/propagators.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <gtest/gtest.h>

namespace posthaste::config {
namespace {

using testing_support::MadeUpProcess;
using testing_support::shown;

TEST(PropagatorSettings, TheNamesOfTheVariableAreThoseOfOpenTelemetry) {
  for (const auto& [text, in_force] : {std::pair{"tracecontext", "tracecontext"},
                                       {"b3multi, B3 ,tracecontext,b3", "tracecontext,b3,b3multi"},
                                       {"None", "none"},
                                       {"baggage", "baggage"}}) {
    const PropagatorChoice choice = choose_propagators(text);
    EXPECT_EQ(text_of(choice.propagators), in_force) << text;
    EXPECT_EQ(choice.unknown, "") << text;
  }
}

TEST(PropagatorSettings, UnknownNamesAreLeftOutWithOneWarning) {
  MadeUpProcess process;
  process.variables["OTEL_PROPAGATORS"] = "jaeger,b3,xray";
  auto settings = process.finalize();
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(shown(*settings, SettingId::propagators), "b3 (environment)");
  ASSERT_EQ(process.warnings.size(), 1u);
  EXPECT_NE(process.warned().find("names \"jaeger, xray\", which is not among"), std::string::npos)
      << process.warned();
}

TEST(PropagatorSettings, WithoutAnyKnownNameTheDefaultIsUsed) {
  for (const char* const text : {"jaeger", "none,none", ",", "\xFF"}) {
    EXPECT_EQ(choose_propagators(text).propagators, Propagators()) << text;
  }
  EXPECT_EQ(text_of(choose_propagators("none,b3").propagators), "b3");
  EXPECT_EQ(choose_propagators("none,b3").unknown, "none");
}

TEST(PropagatorSettings, CodeWinsOverTheVariable) {
  MadeUpProcess process;
  process.variables["OTEL_PROPAGATORS"] = "nonsense";
  auto settings = process.finalize({.propagators = Propagators::none()});
  ASSERT_TRUE(settings);
  EXPECT_EQ(shown(*settings, SettingId::propagators), "none (code)");
  EXPECT_EQ(process.warned(), "");
}

TEST(PropagatorSettings, AreKnownWhereNothingStarts) {
  MadeUpProcess process;
  process.files["/etc/a.toml"] = "disabled = true\npropagators = [\"b3multi\"]\n";
  const Settings settings{.file = "/etc/a.toml"};
  const auto without_start = [&](const Settings& given) {
    return text_of(
        settings_without_start(given, Environment(process.variables), process.host()).propagators);
  };
  EXPECT_FALSE(process.finalize(settings));
  EXPECT_EQ(without_start(settings), "b3multi");
  EXPECT_EQ(without_start({}), "tracecontext,baggage");
  process.variables["OTEL_PROPAGATORS"] = "b3";
  EXPECT_EQ(without_start(settings), "b3");
  EXPECT_EQ(without_start({.propagators = Propagators::none()}), "none");
}

}  // namespace
}  // namespace posthaste::config

#include <posthaste/settings.h>

#include <gtest/gtest.h>

#include <chrono>

namespace posthaste {
namespace {

using namespace posthaste::literals;
using namespace std::chrono_literals;

// What the documents show must compile as it is written there.
TEST(Settings, AreWrittenWithDesignatedInitialisers) {
  const Settings settings{
      .service_name = "orders",
      .resource_attributes = {{"deployment.environment.name", "production"}},
      .outputs = {AzureMonitor{.connection_string = "InstrumentationKey=..."},
                  AzureMonitor{.connection_string = "...", .ca_file = "/etc/ca.pem"}, Console{}},
      .sampling = SampleRate::percent(25),
      .span_limits = {.attributes = 64},
      .logs = {.minimum_severity = Severity::info},
      .span_processors = {{.on_end = [](EndingSpan&) {}}},
      .diagnostics = [](const Diagnostic&) {},
      .shutdown_deadline = 2s,
      .store = {.directory = "/var/lib/orders", .cap = 50_MiB, .max_age = 24h},
      .arena_size = 16_MiB,
      .batch = {.size = 256, .delay = 500ms},
  };
  EXPECT_EQ(settings.outputs.size(), 3u);
  EXPECT_EQ(settings.shutdown_deadline, 2000ms);
  EXPECT_EQ(settings.store.max_age, 86'400'000ms);
}

TEST(Settings, SampleRatesKnowWhetherTheyAreOne) {
  EXPECT_TRUE(SampleRate::percent(0).valid());
  EXPECT_TRUE(SampleRate::percent(100).valid());
  EXPECT_FALSE(SampleRate::percent(100.1).valid());
  EXPECT_FALSE(SampleRate::ratio(-0.1).valid());
  EXPECT_FALSE(SampleRate::ratio(0.0 / 0.0).valid());
}

TEST(Settings, SeveritiesAreNamedByTheirRange) {
  EXPECT_EQ(to_string(Severity::trace), "trace");
  EXPECT_EQ(to_string(Severity{4}), "trace");
  EXPECT_EQ(to_string(Severity{12}), "info");
  EXPECT_EQ(to_string(Severity{24}), "fatal");
  EXPECT_EQ(to_string(Severity{0}), "unspecified");
  EXPECT_EQ(to_string(Severity{25}), "unspecified");
}

}  // namespace
}  // namespace posthaste

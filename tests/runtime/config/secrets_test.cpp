// No message, value for people or diagnostic may hold a key or a password, whatever was wrong.

#include "runtime/base/diagnostics_sink.h"
#include "runtime/config/final_settings.h"
#include "runtime/config/text.h"
#include "tests/runtime/config/final_settings_fixture.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {
namespace {

using testing_support::canary_key;
using testing_support::canary_string;
using testing_support::MadeUpProcess;

constexpr std::string_view password = "hunter2canary";

class Listener {
public:
  void hear(std::string_view text) {
    ++heard_;
    const std::string low = lower_case(text);
    EXPECT_EQ(low.find("c0ffee00"), std::string::npos) << text;
    EXPECT_EQ(low.find("44445555"), std::string::npos) << text;
    EXPECT_EQ(low.find(password), std::string::npos) << text;
  }

  void run(MadeUpProcess& process, const Settings& settings) {
    const auto result = process.finalize(settings);
    for (const Diagnostic& warning : process.warnings) hear(warning.message);
    if (!result) return hear(result.error().message());
    for (const ResolvedSetting& setting : result->resolved()) hear(setting.value);
  }

  int heard() const { return heard_; }

private:
  int heard_ = 0;
};

TEST(Secrets, StayOutOfEveryMessageAboutADamagedConnectionString) {
  const std::string good =
      canary_string + ";IngestionEndpoint=https://host/;Location=x;EndpointSuffix=z";
  const std::string bad = canary_string +
                          ";IngestionEndpoint=https://me:hunter2canary@host/;Location=x.y"
                          ";EndpointSuffix=z;LiveEndpoint=http://h;Authorization=" +
                          canary_key;
  std::mt19937 random(3);
  Listener listener;
  for (int round = 0; round < 3'000; ++round) {
    std::string text = random() % 2 == 0 ? good : bad;
    for (auto cuts = random() % 3; cuts > 0; --cuts) {
      // Not inside the canaries: half of one could not be told from other text.
      const std::size_t start = text.find_first_of(";=", random() % text.size());
      if (start != std::string::npos) text.erase(start, 1 + random() % 2 * (random() % 4));
    }
    MadeUpProcess process;
    if (round % 2 == 0) {
      process.variables["APPLICATIONINSIGHTS_CONNECTION_STRING"] = text;
      listener.run(process, {});
    } else {
      listener.run(process, {.outputs = {AzureMonitor{.connection_string = text}}});
    }
  }
  EXPECT_GT(listener.heard(), 3'000);
}

TEST(Secrets, StayOutOfMessagesAboutVariablesThatTheyWerePutInByMistake) {
  Listener listener;
  for (const SettingRow& row : settings_table()) {
    for (const std::string_view variable : environment_names(row)) {
      // Any text is a name, and is sent as one.
      if (row.id == SettingId::service_name || row.id == SettingId::service_version ||
          row.id == SettingId::service_instance_id) {
        continue;
      }
      for (const std::string& value : {canary_string, std::string(canary_key),
                                       std::string("http://me:hunter2canary@proxy:1")}) {
        MadeUpProcess process;
        process.variables[std::string(variable)] = value;
        listener.run(process, {});
      }
    }
  }
  EXPECT_GT(listener.heard(), 100);
}

TEST(Secrets, StayOutOfWhatThePrintedSettingsSay) {
  MadeUpProcess process;
  process.variables["HTTPS_PROXY"] = "http://me:hunter2canary@proxy:1";
  Listener listener;
  listener.run(process, {.outputs = {AzureMonitor{}, AzureMonitor{}}});
  listener.run(process, {});
  listener.run(process, {.outputs = {AzureMonitor{.proxy = "http://me:hunter2canary@ proxy"}}});
  EXPECT_GE(listener.heard(), static_cast<int>(settings_table().size()));
}

}  // namespace
}  // namespace posthaste::config

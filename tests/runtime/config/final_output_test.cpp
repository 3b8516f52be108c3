#include "runtime/config/final_output.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <posthaste/local_sink.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::canary_key;
using testing_support::canary_string;
using testing_support::MadeUpProcess;
using testing_support::shown;

const std::string other_string = "InstrumentationKey=00000000-1111-2222-3333-444455556666";
constexpr const char* public_url = "https://dc.services.visualstudio.com/v2.1/track";

// Only its address matters here.
std::shared_ptr<LocalSink> some_sink() {
  static int places[2];
  static int next = 0;
  return {std::shared_ptr<void>(), reinterpret_cast<LocalSink*>(&places[next++ % 2])};
}

std::string refusal(MadeUpProcess& process, const Settings& settings, ErrorCode code) {
  const auto result = process.finalize(settings);
  EXPECT_FALSE(result);
  if (result) return "accepted";
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  EXPECT_THAT(result.error().message(), Not(HasSubstr("c0ffee00")));
  return result.error().message();
}

TEST(FinalOutput, TheEnvironmentAloneIsEnough) {
  MadeUpProcess process;
  const auto settings = process.finalize();
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->outputs().size(), 1u);
  const FinalOutput& output = settings->outputs()[0];
  EXPECT_EQ(output.kind, OutputKind::azure_monitor);
  EXPECT_EQ(output.name, "azure_monitor");
  EXPECT_EQ(output.track_url, public_url);
  EXPECT_EQ(output.instrumentation_key.reveal(), canary_key);
  EXPECT_EQ(shown(*settings, SettingId::connection_string),
            "InstrumentationKey=****cafe at https://dc.services.visualstudio.com/v2.1/track "
            "(environment)");
}

TEST(FinalOutput, CodeWinsOverTheEnvironment) {
  MadeUpProcess process;
  const auto settings = process.finalize({.connection_string = other_string});
  ASSERT_TRUE(settings);
  ASSERT_EQ(settings->outputs().size(), 1u);
  EXPECT_EQ(settings->outputs()[0].instrumentation_key.masked(), "****6666");
  EXPECT_THAT(shown(*settings, SettingId::connection_string), HasSubstr("(code)"));

  const auto console = process.finalize({.outputs = {Console{}}});
  ASSERT_TRUE(console);
  ASSERT_EQ(console->outputs().size(), 1u);
  EXPECT_EQ(console->outputs()[0].kind, OutputKind::console);
}

TEST(FinalOutput, AnAzureMonitorWithoutAStringTakesThatOfTheEnvironment) {
  MadeUpProcess process;
  const auto settings = process.finalize({.outputs = {AzureMonitor{}, Console{}}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->outputs()[0].instrumentation_key.reveal(), canary_key);
}

/// An Otlp of traces alone to the gateway, with these headers.
Otlp to_gateway(std::vector<std::pair<std::string, std::string>> headers) {
  return {.endpoint = "http://gateway:4318",
          .send_metrics = false,
          .send_logs = false,
          .headers = std::move(headers)};
}

std::vector<std::uint64_t> identities_of(std::vector<Output> outputs) {
  MadeUpProcess process;
  const auto settings = process.finalize({.outputs = std::move(outputs)});
  EXPECT_TRUE(settings) << settings.error().message();
  std::vector<std::uint64_t> identities;
  if (!settings) return identities;
  for (const FinalOutput& output : settings->outputs()) identities.push_back(output.identity);
  return identities;
}

TEST(FinalOutput, TwoOtlpToOneUrlAreToldApartByTheirHeadersInWhateverOrder) {
  const Otlp blue = to_gateway({{"X-Tenant", "blue"}, {"X-Key", "k1"}});
  const Otlp red = to_gateway({{"X-Tenant", "red"}, {"X-Key", "k1"}});
  const auto both = identities_of({blue, red});
  ASSERT_EQ(both.size(), 2u);
  EXPECT_NE(both[0], both[1]);
  // A later process finds each one's queue again, whichever it names first.
  const Otlp blue_again = to_gateway({{"x-key", "k1"}, {"x-tenant", "blue"}});
  const auto later = identities_of({red, blue_again});
  ASSERT_EQ(later.size(), 2u);
  EXPECT_EQ(later[0], both[1]);
  EXPECT_EQ(later[1], both[0]);
  const auto three = identities_of({to_gateway({}), blue, red});
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[1], both[0]);
  EXPECT_EQ(three[2], both[1]);
}

TEST(FinalOutput, ASoleOtlpIsFoundByItsUrlAloneAlsoWithANewToken) {
  EXPECT_EQ(identities_of({to_gateway({{"Authorization", "Bearer old"}})}),
            identities_of({to_gateway({{"Authorization", "Bearer new"}})}));
}

TEST(FinalOutput, TwoOtlpToOneUrlWithTheSameHeadersAreOneTooMany) {
  MadeUpProcess process;
  const Otlp blue = to_gateway({{"X-Key", "c0ffee00-secret"}});
  const std::string message =
      refusal(process, {.outputs = {blue, blue}}, ErrorCode::invalid_setting);
  EXPECT_THAT(message, HasSubstr("goes where another output goes already, to "
                                 "http://gateway:4318/v1/traces with the same headers"));
  EXPECT_THAT(message, Not(HasSubstr("c0ffee")));
}

TEST(FinalOutput, SeveralHaveTheirOwnNamesAndIdentities) {
  MadeUpProcess process;
  const auto settings = process.finalize(
      {.connection_string = canary_string,
       .outputs = {AzureMonitor{.connection_string = other_string},
                   AzureMonitor{.connection_string =
                                    canary_string + ";IngestionEndpoint=http://localhost:1/"},
                   Console{}, Console{.stream = Console::Stream::standard_output},
                   LocalOutput{some_sink()}, LocalOutput{some_sink()}}});
  ASSERT_TRUE(settings) << settings.error().message();
  std::vector<std::string> names;
  std::vector<std::uint64_t> identities;
  for (const FinalOutput& output : settings->outputs()) {
    names.push_back(output.name);
    EXPECT_THAT(identities, Not(testing::Contains(output.identity)));
    identities.push_back(output.identity);
  }
  EXPECT_THAT(names, testing::ElementsAre("azure_monitor", "azure_monitor-2", "azure_monitor-3",
                                          "console", "console-2", "local", "local-2"));
  EXPECT_EQ(settings->outputs()[4].stream, Console::Stream::standard_output);
}

TEST(FinalOutput, IdentityIsThatOfThePlaceAndTheKeyForEver) {
  EXPECT_EQ(output_identity(public_url, canary_key), 0xc4197dda3f65f4dcu);
  EXPECT_EQ(output_identity(public_url, "C0FFEE00-1111-2222-3333-44445555CAFE"),
            output_identity(public_url, canary_key));
  EXPECT_NE(output_identity(public_url, canary_key),
            output_identity("https://other/v2.1/track", canary_key));
}

TEST(FinalOutput, TheSameTwiceIsRefused) {
  MadeUpProcess process;
  const std::string upper =
      "InstrumentationKey=C0FFEE00-1111-2222-3333-44445555CAFE"
      ";IngestionEndpoint=HTTPS://dc.services.visualstudio.com:443/";
  EXPECT_THAT(refusal(process,
                      {.outputs = {AzureMonitor{.connection_string = canary_string},
                                   AzureMonitor{.connection_string = upper}}},
                      ErrorCode::invalid_setting),
              HasSubstr("outputs[1] (set in code) goes where another output goes already, to the "
                        "key ****CAFE"));
  EXPECT_THAT(refusal(process, {.outputs = {Console{}, Console{}}}, ErrorCode::invalid_setting),
              HasSubstr("outputs[1]"));
  const auto sink = some_sink();
  EXPECT_THAT(refusal(process, {.outputs = {LocalOutput{sink}, LocalOutput{sink}}},
                      ErrorCode::invalid_setting),
              HasSubstr("outputs[1]"));
}

TEST(FinalOutput, MistakesAreNamedWithTheirPlace) {
  MadeUpProcess process;
  EXPECT_THAT(refusal(process, {.connection_string = "InstrumentationKey=x"},
                      ErrorCode::invalid_connection_string),
              HasSubstr("connection_string (set in code): InstrumentationKey **** is not a GUID"));
  EXPECT_THAT(
      refusal(process,
              {.outputs = {Console{}, AzureMonitor{.connection_string =
                                                       canary_string + ";Authorization=aad"}}},
              ErrorCode::invalid_connection_string),
      HasSubstr("outputs[1].connection_string (set in code): Authorization"));
  EXPECT_THAT(refusal(process, {.outputs = {LocalOutput{}}}, ErrorCode::invalid_setting),
              HasSubstr("outputs[0].sink (set in code) is null"));
  EXPECT_THAT(refusal(process, {.outputs = {AzureMonitor{.ca_file = std::string("a\0b", 3)}}},
                      ErrorCode::invalid_setting),
              HasSubstr("outputs[0].ca_file"));
  EXPECT_THAT(
      refusal(process, {.outputs = std::vector<Output>(9, Console{})}, ErrorCode::invalid_setting),
      HasSubstr("at most 8"));
  process.variables["APPLICATIONINSIGHTS_CONNECTION_STRING"] = canary_key;
  EXPECT_THAT(refusal(process, {}, ErrorCode::invalid_connection_string),
              HasSubstr("APPLICATIONINSIGHTS_CONNECTION_STRING: piece 1 is not of the form"));
}

TEST(FinalOutput, NoOutputAtAllIsAnErrorThatSaysWhatToSet) {
  MadeUpProcess process;
  for (const char* const value : {"", "  "}) {
    process.variables["APPLICATIONINSIGHTS_CONNECTION_STRING"] = value;
    EXPECT_THAT(refusal(process, {}, ErrorCode::no_output),
                HasSubstr("APPLICATIONINSIGHTS_CONNECTION_STRING"));
  }
  process.variables.clear();
  EXPECT_THAT(refusal(process, {.outputs = {AzureMonitor{}}}, ErrorCode::no_output),
              HasSubstr("outputs[0] has no connection string"));
}

FinalOutput with_proxy(MadeUpProcess& process, const std::string& proxy) {
  const auto settings = process.finalize({.outputs = {AzureMonitor{.proxy = proxy}}});
  EXPECT_TRUE(settings) << settings.error().message();
  EXPECT_THAT(shown(*settings, SettingId::proxy), Not(HasSubstr("secret")));
  return settings->outputs()[0];
}

TEST(FinalOutput, ProxiesComeFromCodeOrEnvironment) {
  MadeUpProcess process;
  EXPECT_TRUE(with_proxy(process, "").https_proxy.empty());

  process.variables["https_proxy"] = "http://lower:1";
  process.variables["no_proxy"] = "lower.example";
  EXPECT_EQ(with_proxy(process, "").https_proxy.reveal(), "http://lower:1");
  EXPECT_EQ(with_proxy(process, "").no_proxy, "lower.example");
  process.variables["HTTPS_PROXY"] = "http://me:secret@upper:1";
  process.variables["NO_PROXY"] = "upper.example";
  EXPECT_EQ(with_proxy(process, "").https_proxy.reveal(), "http://me:secret@upper:1");
  EXPECT_EQ(with_proxy(process, "").no_proxy, "upper.example");

  EXPECT_EQ(with_proxy(process, "http://code:1").https_proxy.reveal(), "http://code:1");
  EXPECT_EQ(with_proxy(process, "http://code:1").no_proxy, "");
  EXPECT_TRUE(with_proxy(process, "None").https_proxy.empty());
  EXPECT_EQ(with_proxy(process, "none").no_proxy, "");
}

TEST(FinalOutput, AProxyWithABlankIsRefusedWithoutShowingIt) {
  MadeUpProcess process;
  for (const char* const proxy :
       {"http://me:secret@a b", "http://me:secret@h\r\nX: y", "\xFFsecret"}) {
    EXPECT_THAT(
        refusal(process, {.outputs = {AzureMonitor{.proxy = proxy}}}, ErrorCode::invalid_setting),
        testing::AllOf(HasSubstr("outputs[0].proxy"), Not(HasSubstr("secret"))));
  }
}

}  // namespace
}  // namespace posthaste::config

#include "runtime/config/connection_string.h"

#include "runtime/base/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* key = "c0ffee00-1111-2222-3333-44445555cafe";
const std::string with_key = std::string("InstrumentationKey=") + key;

struct Endpoints {
  std::string given, ingestion, live;
};

TEST(ConnectionString, ReadsWhatThePortalShows) {
  const auto parsed = parse_connection_string(
      with_key +
      ";IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/"
      ";LiveEndpoint=https://westeurope.livediagnostics.monitor.azure.com/"
      ";ApplicationId=99999999-8888-7777-6666-555555555555");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->instrumentation_key.reveal(), key);
  EXPECT_EQ(track_url(*parsed), "https://westeurope-5.in.applicationinsights.azure.com/v2.1/track");
  EXPECT_EQ(parsed->live.text(), "https://westeurope.livediagnostics.monitor.azure.com");
  EXPECT_EQ(parsed->application_id, "99999999-8888-7777-6666-555555555555");
}

TEST(ConnectionString, ComposesEndpoints) {
  const std::string public_live = "https://rt.services.visualstudio.com";
  for (const auto& [given, ingestion, live] : std::vector<Endpoints>{
           {"", "https://dc.services.visualstudio.com", public_live},
           {";Location=westus2", "https://dc.services.visualstudio.com", public_live},
           {";EndpointSuffix=ai.contoso.com", "https://dc.ai.contoso.com",
            "https://live.ai.contoso.com"},
           {";EndpointSuffix=.ai.contoso.com", "https://dc.ai.contoso.com",
            "https://live.ai.contoso.com"},
           {";EndpointSuffix=ai.contoso.com;Location=westus2", "https://westus2.dc.ai.contoso.com",
            "https://westus2.live.ai.contoso.com"},
           {";EndpointSuffix=ai.contoso.com;Location=westus2.", "https://westus2.dc.ai.contoso.com",
            "https://westus2.live.ai.contoso.com"},
           {";EndpointSuffix=ai.contoso.com;Location=w;IngestionEndpoint=https://own/",
            "https://own", "https://w.live.ai.contoso.com"},
           {";IngestionEndpoint=http://127.0.0.1:8080", "http://127.0.0.1:8080", public_live},
           {";IngestionEndpoint=", "https://dc.services.visualstudio.com", public_live},
       }) {
    const auto parsed = parse_connection_string(with_key + given);
    ASSERT_TRUE(parsed) << given << ": " << parsed.error().message();
    EXPECT_EQ(parsed->ingestion.text(), ingestion) << given;
    EXPECT_EQ(parsed->live.text(), live) << given;
  }
}

TEST(ConnectionString, ToleratesItsHarmlessVariants) {
  const std::string upper = "C0FFEE00-1111-2222-3333-44445555CAFE";
  for (const std::string& given : {
           with_key + ";",
           ";;" + with_key + " ; ;",
           " \t" + with_key + "\r\n",
           std::string("instrumentationkey = ") + key,
           std::string("INSTRUMENTATIONKEY=") + key,
           with_key + ";Unknown=x;Another=a=b=c",
           with_key + ";Authorization=ikey",
           with_key + ";AADAudience=https://monitor.azure.com/",
           with_key + ";ProfilerEndpoint=not looked at",
           "InstrumentationKey=overwritten;" + with_key,
       }) {
    const auto parsed = parse_connection_string(given);
    ASSERT_TRUE(parsed) << given << ": " << parsed.error().message();
    EXPECT_EQ(parsed->instrumentation_key.reveal(), key);
  }
  const auto parsed = parse_connection_string("InstrumentationKey=" + upper);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->instrumentation_key.reveal(), upper) << "sent as it was given";
}

TEST(ConnectionString, RefusalsNameThePieceAndTheRule) {
  struct Case {
    std::string given;
    const char* rule;
  };
  for (const auto& [given, rule] : {
           Case{"", "InstrumentationKey is missing"},
           Case{";;", "InstrumentationKey is missing"},
           Case{"IngestionEndpoint=https://host/", "InstrumentationKey is missing"},
           Case{"InstrumentationKey=", "InstrumentationKey is missing"},
           Case{with_key + ";InstrumentationKey=", "InstrumentationKey is missing"},
           Case{key, "piece 1 is not of the form key=value"},
           Case{with_key + ";https://host/", "piece 2 is not of the form key=value"},
           Case{with_key + ";=value", "piece 2 is not of the form key=value"},
           Case{"InstrumentationKey=my-key", "**** is not a GUID"},
           Case{with_key + "0", "****afe0 is not a GUID"},
           Case{"InstrumentationKey=\"" + std::string(key) + "\"", "is not a GUID"},
           Case{with_key + ";InstrumentationKey=c0ffee", "is not a GUID"},
           Case{with_key + ";Authorization=aad", "Authorization \"aad\" is not supported"},
           Case{with_key + ";IngestionEndpoint=htps://x", "IngestionEndpoint: \"htps://x\""},
           Case{with_key + ";IngestionEndpoint=http://x.example", "plain http"},
           Case{with_key + ";LiveEndpoint=http://x.example", "LiveEndpoint: "},
           Case{with_key + ";EndpointSuffix=a..b", "EndpointSuffix \"a..b\""},
           Case{with_key + ";EndpointSuffix=evil.com/x", "EndpointSuffix"},
           Case{with_key + ";EndpointSuffix=a;Location=we.st", "Location \"we.st\""},
           Case{with_key + ";EndpointSuffix=a;Location=x/", "Location \"x/\""},
           Case{with_key + std::string(4096, ';'), "at most 4096"},
       }) {
    const auto parsed = parse_connection_string(given);
    ASSERT_FALSE(parsed) << given;
    EXPECT_EQ(parsed.error().code(), ErrorCode::invalid_connection_string);
    EXPECT_THAT(parsed.error().message(), HasSubstr(rule)) << given;
    EXPECT_THAT(parsed.error().message(), Not(HasSubstr("c0ffee00"))) << given;
  }
}

TEST(ConnectionString, OfTheGreatestLengthIsRead) {
  std::string text = with_key + ";";
  text.resize(ConnectionString::max_length, ';');
  EXPECT_TRUE(parse_connection_string(text));
}

std::string written(const ConnectionString& parsed) {
  return "InstrumentationKey=" + std::string(parsed.instrumentation_key.reveal()) +
         ";IngestionEndpoint=" + parsed.ingestion.text() + ";LiveEndpoint=" + parsed.live.text() +
         ";ApplicationId=" + parsed.application_id;
}

// Pieces of connection strings in random order, some of them damaged: many are accepted, many not.
TEST(ConnectionString, AcceptedStringsReadTheSameAgainAndRefusalsShowNoKey) {
  const std::vector<std::string> pieces{with_key,
                                        "iKey=1",
                                        "=",
                                        "Location=eu",
                                        "EndpointSuffix=x.y",
                                        "\xFF=\xFE",
                                        "Location=e\n",
                                        "Authorization=ikey",
                                        "IngestionEndpoint=https://h:8/p/",
                                        "IngestionEndpoint=http://localhost",
                                        "LiveEndpoint=https://[::1]/",
                                        "ApplicationId= a b ",
                                        std::string("ApplicationId=\0z", 16)};
  std::mt19937 random(11);
  int accepted = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string text = round % 3 == 0 ? "" : with_key;
    for (auto i = random() % 5; i > 0; --i) text += ';' + pieces[random() % pieces.size()];
    if (random() % 3 == 0 && !text.empty()) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const auto parsed = parse_connection_string(text);
    if (!parsed) {
      ASSERT_TRUE(is_utf8(parsed.error().message()));
      ASSERT_EQ(parsed.error().message().find("c0ffee00"), std::string::npos);
      ASSERT_EQ(parsed.error().message().find('\n'), std::string::npos);
      continue;
    }
    ++accepted;
    const auto again = parse_connection_string(written(*parsed));
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(written(*again), written(*parsed));
  }
  EXPECT_GT(accepted, 5'000);
}

TEST(ConnectionString, RandomBytesAreRefusedQuietly) {
  std::mt19937 random(5);
  for (int round = 0; round < 30'000; ++round) {
    std::string text(random() % 60, '\0');
    for (char& c : text) c = static_cast<char>(random());
    ASSERT_FALSE(parse_connection_string(text));
  }
}

}  // namespace
}  // namespace posthaste::config

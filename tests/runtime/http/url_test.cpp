#include "runtime/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace posthaste::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Url url(std::string_view text) {
  auto parsed = Url::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value();
}

TEST(Url, ReadsItsParts) {
  const Url parsed = url("https://Westeurope-5.in.ApplicationInsights.azure.com./v2.1/track?a=b#c");
  EXPECT_EQ(parsed.scheme(), Scheme::https);
  EXPECT_EQ(parsed.host(), "westeurope-5.in.applicationinsights.azure.com");
  EXPECT_EQ(parsed.port(), 443);
  EXPECT_EQ(parsed.target(), "/v2.1/track?a=b");
  EXPECT_EQ(parsed.authority(), "westeurope-5.in.applicationinsights.azure.com");
  EXPECT_EQ(parsed.host_and_port(), "westeurope-5.in.applicationinsights.azure.com:443");
}

struct Row {
  std::string_view text, origin, target;
  bool ip_literal, loopback;
};

TEST(Url, AcceptsWhatPeopleWrite) {
  const Row rows[] = {
      {"http://localhost", "http://localhost", "/", false, true},
      {"HTTP://LOCALHOST:80/", "http://localhost", "/", false, true},
      {"http://a.localhost:4318/v1/traces", "http://a.localhost:4318", "/v1/traces", false, true},
      {"https://h?x=1", "https://h", "/?x=1", false, false},
      {"https://h:8443#f", "https://h:8443", "/", false, false},
      {"http://127.8.9.1:1", "http://127.8.9.1:1", "/", true, true},
      {"http://192.0.2.1", "http://192.0.2.1", "/", true, false},
      {"http://[0:0:0::1]:99/x", "http://[::1]:99", "/x", true, true},
      {"https://[2001:DB8::A]", "https://[2001:db8::a]", "/", true, false},
      {"https://my_host-1.svc", "https://my_host-1.svc", "/", false, false},
      {"https://127.evil.test", "https://127.evil.test", "/", false, false},
      {"https://localhost.evil.test", "https://localhost.evil.test", "/", false, false},
  };
  for (const Row& row : rows) {
    const Url parsed = url(row.text);
    EXPECT_EQ(parsed.origin(), row.origin) << row.text;
    EXPECT_EQ(parsed.target(), row.target) << row.text;
    EXPECT_EQ(parsed.is_ip_literal(), row.ip_literal) << row.text;
    EXPECT_EQ(parsed.is_loopback(), row.loopback) << row.text;
    EXPECT_EQ(url(parsed.origin() + parsed.target()), parsed) << row.text;
  }
}

TEST(Url, RefusesWhatCouldMeanSomethingElse) {
  const std::string long_label(64, 'a');
  const std::string rows[] = {"",
                              "localhost",
                              "ftp://h",
                              "https:/h",
                              "https://",
                              "https://:443",
                              "https:///path",
                              "https://h:",
                              "https://h:0",
                              "https://h:65536",
                              "https://h:+1",
                              "https://h:8 ",
                              "https://h /",
                              "https://h/\n",
                              "https://h/\x7f",
                              "https://h\\@evil",
                              "https://h\xc3\xa4",
                              "https://%68",
                              "https://a..b",
                              "https://.a",
                              "https://.",
                              "https://2130706433",
                              "https://127.1",
                              "https://0x7f.0.0.1",
                              "https://0x7f000001",
                              "https://1.2.3.4.5",
                              "https://256.1.1.1",
                              "https://a.0x",
                              "https://[::1",
                              "https://[::1]x",
                              "https://[fe80::1%25eth0]",
                              "https://[1.2.3.4]",
                              "https://::1",
                              "https://u:%zz@h",
                              "https://%2@h",
                              "https://" + long_label + ".com",
                              "https://h/" + std::string(9000, 'x')};
  for (const auto& text : rows) {
    const auto parsed = Url::parse(text, "IngestionEndpoint");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(parsed.error().message(), HasSubstr("IngestionEndpoint"));
    EXPECT_THAT(parsed.error().message(), HasSubstr("write https://"));
    EXPECT_LT(parsed.error().message().size(), 400U);
    EXPECT_THAT(parsed.error().message(), Not(HasSubstr("\n")));
  }
}

TEST(Url, KeepsUserInfoAndShowsItToNobody) {
  const Url parsed = url("http://us%40er:p%3Ass:w@proxy:3128");
  EXPECT_TRUE(parsed.has_user_info());
  EXPECT_EQ(parsed.user(), "us@er");
  EXPECT_EQ(parsed.password(), "p:ss:w");
  EXPECT_EQ(parsed.to_string(), "http://***@proxy:3128/");
  EXPECT_EQ(parsed.origin(), "http://proxy:3128");
  EXPECT_EQ(parsed.authority(), "proxy:3128");
}

TEST(Url, MasksSecretsAlsoInWhatItCannotRead) {
  for (const std::string text :
       {"http://user:canary@h:bad", "user:canary@h", "https://u:can@ary@h canary@x",
        "https://h:bad/?sig=canary", "https://h bad#canary"}) {
    const auto parsed = Url::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message(), Not(HasSubstr("canary"))) << text;
  }
  EXPECT_EQ(url("https://h/p?sig=canary").to_string(), "https://h/p?***");
}

TEST(Url, ResolvesReferencesAgainstItself) {
  const Url base = url("https://h:8443/v2.1/track");
  EXPECT_EQ(base.resolve("/v2/track").value(), url("https://h:8443/v2/track"));
  EXPECT_EQ(base.resolve("//other/x").value(), url("https://other/x"));
  EXPECT_EQ(base.resolve("http://other:1/x").value(), url("http://other:1/x"));
  EXPECT_FALSE(base.resolve("track"));
  EXPECT_FALSE(base.resolve(""));
}

}  // namespace
}  // namespace posthaste::http

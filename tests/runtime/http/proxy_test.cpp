#include "runtime/http/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace posthaste::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Url url(std::string_view text) {
  return Url::parse(text).value();
}

struct Row {
  std::string_view list, url;
  bool covered;
};

TEST(NoProxy, CoversExactlyWhatItNames) {
  const Row rows[] = {
      {"", "https://example.com", false},
      {"*", "https://example.com", true},
      {"example.com", "https://example.com", true},
      {"example.com", "https://a.b.example.com", true},
      {"example.com", "https://notexample.com", false},
      {"Example.COM.", "https://example.com", true},
      {".example.com", "https://a.example.com", true},
      {".example.com", "https://example.com", false},
      {"*.example.com", "https://a.example.com", true},
      {"*.example.com", "https://example.com", false},
      {"x, example.com ,y", "https://example.com", true},
      {"x example.com", "https://example.com", true},
      {"example.com:443", "https://example.com", true},
      {"example.com:8443", "https://example.com", false},
      {"10.0.0.0/8", "https://10.255.0.1", true},
      {"10.0.0.0/8", "https://11.0.0.1", false},
      {"10.0.0.0/9", "https://10.128.0.1", false},
      {"10.1.2.3", "https://10.1.2.3:9", true},
      {"10.1.2.3:9", "https://10.1.2.3:9", true},
      {"10.1.2.3:9", "https://10.1.2.3:8", false},
      {"0.0.0.0/0", "https://8.8.8.8", true},
      {"0.0.0.0/0", "https://example.com", false},
      {"fd00::/8", "https://[fd12::1]", true},
      {"fd00::/8", "https://[fe80::1]", false},
      {"2001:db8::1", "https://[2001:db8::1]", true},
      {"[2001:db8::1]:443", "https://[2001:db8::1]", true},
      {"[2001:db8::1]:444", "https://[2001:db8::1]", false},
      {"::/0", "https://10.0.0.1", false},
      {".2.3", "https://10.1.2.3", false},
  };
  for (const Row& row : rows) {
    const NoProxy list = NoProxy::parse(row.list);
    EXPECT_EQ(list.covers(url(row.url)), row.covered) << row.list << " | " << row.url;
    EXPECT_TRUE(list.complaints().empty()) << row.list;
  }
}

TEST(NoProxy, NeverSendsLoopbackThroughAProxy) {
  for (const char* text : {"http://localhost", "https://127.3.2.1", "http://[::1]:9"}) {
    EXPECT_TRUE(NoProxy::parse("").covers(url(text))) << text;
  }
}

TEST(NoProxy, NamesEachEntryThatItIgnoresAndUsesTheOthers) {
  const NoProxy list = NoProxy::parse("good.test,10.0.0.0/33,a:b:,h:99999,bad!,.,last.test");
  EXPECT_EQ(list.complaints().size(), 5U);
  EXPECT_THAT(list.complaints().front(), HasSubstr("10.0.0.0/33"));
  EXPECT_TRUE(list.covers(url("https://good.test")));
  EXPECT_TRUE(list.covers(url("https://last.test")));
}

TEST(NoProxy, IsBoundedInEntriesAndBytes) {
  std::string many;
  for (int i = 0; i < 300; ++i) many += "h" + std::to_string(i) + ".test,";
  const NoProxy entries = NoProxy::parse(many);
  EXPECT_TRUE(entries.covers(url("https://h255.test")));
  EXPECT_FALSE(entries.covers(url("https://h256.test")));
  ASSERT_EQ(entries.complaints().size(), 1U);
  EXPECT_THAT(entries.complaints().front(), HasSubstr("256"));

  const NoProxy bytes = NoProxy::parse("first.test," + std::string(20'000, 'x') + ",last.test");
  EXPECT_TRUE(bytes.covers(url("https://first.test")));
  EXPECT_FALSE(bytes.covers(url("https://last.test")));
  EXPECT_THAT(bytes.complaints().front(), HasSubstr("16 KiB"));
}

TEST(ProxyRules, ChooseByTheSchemeOfTheUrl) {
  const auto rules =
      ProxyRules::parse({.https_proxy = "secure.test:3128", .http_proxy = "http://plain.test"})
          .value();
  EXPECT_EQ(rules.proxy_for(url("https://h.test"))->origin(), "http://secure.test:3128");
  EXPECT_EQ(rules.proxy_for(url("http://h.test"))->origin(), "http://plain.test");
  EXPECT_EQ(rules.proxy_for(url("https://localhost")), nullptr);
  EXPECT_EQ(ProxyRules::parse({}).value().proxy_for(url("https://h.test")), nullptr);
}

TEST(ProxyRules, GoDirectlyToWhatNoProxyCovers) {
  const auto rules =
      ProxyRules::parse({.https_proxy = "p:1", .http_proxy = {}, .no_proxy = "inside.test"})
          .value();
  EXPECT_EQ(rules.proxy_for(url("https://a.inside.test")), nullptr);
  EXPECT_NE(rules.proxy_for(url("https://outside.test")), nullptr);
}

TEST(ProxyRules, IgnoreHttpProxyInACgiProcess) {
  const auto rules =
      ProxyRules::parse({.https_proxy = "p:1", .http_proxy = "evil:1", .no_proxy = {}, .cgi = true})
          .value();
  EXPECT_EQ(rules.proxy_for(url("http://h.test")), nullptr);
  EXPECT_NE(rules.proxy_for(url("https://h.test")), nullptr);
  ASSERT_EQ(rules.complaints().size(), 1U);
  EXPECT_THAT(rules.complaints().front(), HasSubstr("REQUEST_METHOD"));
}

TEST(ProxyRules, RefuseAProxyThatCannotBeUsedInsteadOfGoingRoundIt) {
  for (const char* value : {"https://p:1", "socks5://p:1", "p:99999", "us:canary@p:x", "a b"}) {
    const auto rules = ProxyRules::parse({.https_proxy = value});
    ASSERT_FALSE(rules) << value;
    EXPECT_EQ(rules.error().code(), ErrorCode::invalid_setting);
    EXPECT_THAT(rules.error().message(), HasSubstr("HTTPS_PROXY"));
    EXPECT_THAT(rules.error().message(), Not(HasSubstr("canary")));
  }
}

TEST(ProxyAuthorization, IsBasicAndDecoded) {
  EXPECT_EQ(proxy_authorization(url("http://p:1")), "");
  EXPECT_EQ(proxy_authorization(url("http://Aladdin:open%20sesame@p:1")),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(proxy_authorization(url("http://a:b@p")), "Basic YTpi");
  EXPECT_EQ(proxy_authorization(url("http://a:bc@p")), "Basic YTpiYw==");
  EXPECT_EQ(proxy_authorization(url("http://a@p")), "Basic YTo=");
}

}  // namespace
}  // namespace posthaste::http

#include "runtime/http/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/http/redirect_memory.h"
#include "tests/support/manual_clock.h"

namespace posthaste::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

Url url(std::string_view text) {
  return Url::parse(text).value();
}

struct Row {
  std::string_view current, location;
  bool followed;
};

constexpr std::string_view home =
    "https://westeurope-5.in.applicationinsights.azure.com/v2.1/track";

TEST(Redirect, IsFollowedOnlyToWhoMayHaveTheTelemetry) {
  const Row rows[] = {
      // the same cloud
      {home, "https://eu-2.in.applicationinsights.azure.com/v2.1/track", true},
      {home, "https://x.monitor.azure.com/", true},
      {home, "https://x.livediagnostics.monitor.azure.com/", true},
      {home, "https://dc.services.visualstudio.com:443/v2/track", true},
      {home, "https://DC.Services.VisualStudio.com./v2/track", true},
      {home, "//x.monitor.azure.com/v2", true},
      {"https://a.monitor.azure.us/", "https://b.applicationinsights.azure.us/", true},
      {"https://a.monitor.azure.cn/", "https://b.applicationinsights.azure.cn/", true},
      // another cloud, a stranger, or one who looks alike
      {home, "https://x.monitor.azure.us/", false},
      {home, "https://x.monitor.azure.cn/", false},
      {"https://a.monitor.azure.us/", "https://x.monitor.azure.com/", false},
      {home, "https://evil.test/", false},
      {home, "https://evilmonitor.azure.com/", false},
      {home, "https://monitor.azure.com/", false},
      {home, "https://x.monitor.azure.com.evil.test/", false},
      {"https://evil.test/", home, false},
      // not by plain http, a port, an address, a user name
      {home, "http://x.monitor.azure.com/", false},
      {home, "http://westeurope-5.in.applicationinsights.azure.com/", false},
      {home, "https://x.monitor.azure.com:8443/", false},
      {home, "https://westeurope-5.in.applicationinsights.azure.com:8443/", false},
      {home, "https://20.0.0.1/", false},
      {home, "https://[2001:db8::1]/", false},
      {home, "https://u:p@x.monitor.azure.com/", false},
      {home, "https://x.monitor.azure.com@evil.test/", false},
      {home, "https://evil.test\\@x.monitor.azure.com/", false},
      {home, "ftp://x.monitor.azure.com/", false},
      {home, "", false},
      // the same host
      {home, "/v2/track", true},
      {"https://own.test/", "https://own.test/other", true},
      {"https://own.test:8443/", "https://own.test:8443/other", true},
      {"https://own.test:8443/", "https://own.test/", false},
      {"https://own.test/", "https://user@own.test/", false},
      {"http://own.test/", "https://own.test/", true},
      {"http://own.test:4318/", "https://own.test/", false},
      {"http://127.0.0.1:4000/a", "http://127.0.0.1:4000/b", true},
      {"http://127.0.0.1:4000/a", "http://127.0.0.1:4001/b", false},
      {"https://[::1]:4000/a", "https://[0::1]:4000/b", true},
      {"https://[::1]:4000/a", "http://[::1]:4000/b", false},
      {"http://127.0.0.1/", "https://127.0.0.1/", false},
  };
  for (const Row& row : rows) {
    const auto target = trusted_redirect(url(row.current), row.location);
    EXPECT_EQ(target.has_value(), row.followed) << row.current << " -> " << row.location;
    if (target) continue;
    EXPECT_EQ(target.error().code(), ErrorCode::redirect_refused);
    EXPECT_THAT(target.error().message(), HasSubstr(url(row.current).origin()));
  }
}

TEST(Redirect, RefusalTellsNoSecret) {
  const auto target = trusted_redirect(url(home), "https://u:canary@evil.test/?t=canary");
  EXPECT_THAT(target.error().message(), Not(HasSubstr("canary")));
}

TEST(RedirectLifetime, FollowsCacheControlButNotBeyondTheLongest) {
  const struct {
    std::string_view cache_control;
    std::chrono::seconds lifetime;
  } rows[] = {
      {"", 12h},
      {"private", 12h},
      {"max-age=60", 60s},
      {"public, Max-Age = \"60\"", 60s},
      {"max-age=60, max-age=30", 30s},
      {"max-age=99999999", 12h},
      {"max-age=99999999999999999999", 12h},
      {"max-age=-1", 12h},
      {"max-age=", 12h},
      {"max-age=0", 0s},
      {"max-age=60,no-store", 0s},
      {"No-Cache", 0s},
      {",,,", 12h},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(redirect_lifetime(row.cache_control, 12h), row.lifetime) << row.cache_control;
  }
}

TEST(RedirectMemory, RemembersForTheLifetimeOnly) {
  testing_support::ManualClock clock;
  RedirectMemory memory;
  const Url from = url("https://a.test/x");
  const Url to = url("https://b.test/y");
  memory.remember(from, to, clock.steady() + 60s);
  EXPECT_EQ(memory.place_of(from, clock.steady()), to);
  EXPECT_EQ(memory.place_of(url("https://a.test/z"), clock.steady()), url("https://a.test/z"));
  clock.advance(59s);
  EXPECT_EQ(memory.place_of(from, clock.steady()), to);
  clock.advance(1s);
  EXPECT_EQ(memory.place_of(from, clock.steady()), from);
}

TEST(RedirectMemory, IsBounded) {
  testing_support::ManualClock clock;
  RedirectMemory memory;
  int remembered = 0;
  for (int i = 0; i < 200; ++i) {
    memory.remember(url("https://h" + std::to_string(i)), url("https://to"), clock.steady() + 1s);
  }
  for (int i = 0; i < 200; ++i) {
    const Url from = url("https://h" + std::to_string(i));
    remembered += memory.place_of(from, clock.steady()) == from ? 0 : 1;
  }
  EXPECT_EQ(remembered, 64);
}

}  // namespace
}  // namespace posthaste::http

#include "runtime/config/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace posthaste::config {
namespace {

using testing::HasSubstr;

TEST(Endpoint, HasOneFormForEachPlace) {
  struct Case {
    const char* given;
    const char* text;
  };
  for (const auto& [given, text] : {
           Case{"https://dc.example.com", "https://dc.example.com"},
           Case{"https://dc.example.com/", "https://dc.example.com"},
           Case{"https://dc.example.com///", "https://dc.example.com"},
           Case{"HTTPS://DC.Example.COM/", "https://dc.example.com"},
           Case{"https://dc.example.com:443/", "https://dc.example.com"},
           Case{"https://dc.example.com:8443/", "https://dc.example.com:8443"},
           Case{"https://gateway/Azure/eu/", "https://gateway/Azure/eu"},
           Case{"https://10.1.2.3/", "https://10.1.2.3"},
           Case{"https://[2001:DB8::0:1]:444/", "https://[2001:db8::1]:444"},
           Case{"http://localhost:9411", "http://localhost:9411"},
           Case{"http://LOCALHOST:80/", "http://localhost"},
           Case{"http://127.0.0.1:1/", "http://127.0.0.1:1"},
           Case{"http://127.9.9.9/", "http://127.9.9.9"},
           Case{"http://[::1]:8080/x", "http://[::1]:8080/x"},
       }) {
    const auto endpoint = parse_endpoint(given);
    ASSERT_TRUE(endpoint) << given << ": " << endpoint.error().message();
    EXPECT_EQ(endpoint->text(), text);
    EXPECT_EQ(*parse_endpoint(endpoint->text()), *endpoint);
  }
}

TEST(Endpoint, RefusalsNameTheRule) {
  struct Case {
    std::string given;
    const char* rule;
  };
  for (const auto& [given, rule] : {
           Case{"", "no https:// scheme"},
           Case{"dc.example.com", "no https:// scheme"},
           Case{"htps://dc.example.com", "no https:// scheme"},
           Case{"ftp://dc.example.com", "no https:// scheme"},
           Case{"//dc.example.com", "no https:// scheme"},
           Case{"http://dc.example.com", "plain http"},
           Case{"http://10.0.0.1/", "plain http"},
           Case{"http://127.0.0.1.example.com/", "plain http"},
           Case{"http://localhost.example.com/", "plain http"},
           Case{"http://127.1/", "no valid host"},
           Case{"http://2130706433/", "no valid host"},
           Case{"https://0x7f.1/", "no valid host"},
           Case{"https://0x/", "no valid host"},
           Case{"https://a.b.443/", "no valid host"},
           Case{"https://256.1.1.1/", "no valid host"},
           Case{"http://[::2]/", "plain http"},
           Case{"http://0.0.0.0/", "plain http"},
           Case{"https://", "no valid host"},
           Case{"https:///path", "no valid host"},
           Case{"https://a..b/", "no valid host"},
           Case{"https://.a/", "no valid host"},
           Case{"https://a./", "no valid host"},
           Case{"https://a b/", "no valid host"},
           Case{"https://a\\b/", "no valid host"},
           Case{"https://a:b:c/", "no valid host"},
           Case{"https://host:/", "no valid host"},
           Case{"https://host:0/", "no valid host"},
           Case{"https://host:65536/", "no valid host"},
           Case{"https://[::1/", "no valid host"},
           Case{"https://[::1]x/", "no valid host"},
           Case{"https://[host]/", "no valid host"},
           Case{"https://" + std::string(64, 'a') + "/", "no valid host"},
           Case{"https://h\xC3\xB6st/", "no valid host"},
           Case{"https://host?x=1", "no valid host"},
           Case{"https://user:password@host/", "user name"},
           Case{"https://host/?x=1", "query"},
           Case{"https://host/#x", "fragment"},
           Case{"https://host/a b", "forbidden character"},
           Case{"https://host/\r\nEvil:", "forbidden character"},
           Case{"https://host/v2/track", "base URL alone"},
           Case{"https://host/v2.1/track/", "base URL alone"},
       }) {
    const auto endpoint = parse_endpoint(given);
    ASSERT_FALSE(endpoint) << given;
    EXPECT_EQ(endpoint.error().code(), ErrorCode::invalid_connection_string);
    EXPECT_THAT(endpoint.error().message(), HasSubstr(rule)) << given;
    EXPECT_THAT(endpoint.error().message(), testing::Not(HasSubstr("password")));
  }
}

}  // namespace
}  // namespace posthaste::config

#include "runtime/http/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace posthaste::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Request request(std::vector<Header> headers, std::string_view to = "https://h:8443/p?q") {
  return {.url = Url::parse(to).value(), .headers = std::move(headers)};
}

TEST(RequestHead, SaysWhatTheClientIsResponsibleFor) {
  static constexpr std::string_view text = "12345";
  Request post = request({{"Content-Type", "text/plain"}});
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  post.body = {bytes, bytes};
  EXPECT_EQ(request_head(post, post.url, {.user_agent = "agent"}),
            "POST /p?q HTTP/1.1\r\nHost: h:8443\r\nUser-Agent: agent\r\n"
            "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n");
}

TEST(RequestHead, OfAGetSaysNothingAboutABody) {
  Request get = request({{"Metadata", "true"}}, "http://h/p?q");
  get.method = Method::get;
  EXPECT_EQ(request_head(get, get.url, {.user_agent = "agent"}),
            "GET /p?q HTTP/1.1\r\nHost: h\r\nUser-Agent: agent\r\nMetadata: true\r\n\r\n");
  EXPECT_EQ(broken_rule(get), nullptr);
  get.body = {std::span<const std::byte>{}};
  EXPECT_STREQ(broken_rule(get), "a GET has no body");
}

TEST(RequestHead, AsksAProxyForTheWholeUrl) {
  const Request post = request({}, "http://h/p");
  const std::string head = request_head(
      post, post.url, {.user_agent = "a", .by_proxy = true, .proxy_credentials = "Basic x"});
  EXPECT_THAT(head, HasSubstr("POST http://h/p HTTP/1.1\r\nHost: h\r\n"));
  EXPECT_THAT(head, HasSubstr("Proxy-Authorization: Basic x\r\n"));
}

TEST(RequestHead, ShowsCredentialsToNobodyButTheProxy) {
  const Request post = request({}, "http://h/p");
  EXPECT_THAT(request_head(post, post.url, {.user_agent = "a", .proxy_credentials = "Basic x"}),
              Not(HasSubstr("Basic")));
}

TEST(TunnelHead, NamesHostAndPortAlways) {
  EXPECT_EQ(tunnel_head(Url::parse("https://h/secret/path").value(), "a", "Basic x"),
            "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nUser-Agent: a\r\n"
            "Proxy-Authorization: Basic x\r\n\r\n");
}

TEST(Request, RefusesHeadersThatCouldEndALineOrContradictTheClient) {
  EXPECT_EQ(broken_rule(request({{"Authorization", "Bearer x\ty"}})), nullptr);
  const Header bad[] = {{"", "x"},
                        {"a b", "x"},
                        {"a:", "x"},
                        {"a\r\nb", "x"},
                        {"a", "x\r\ny"},
                        {"a", std::string("x\0y", 3)},
                        {"a", "x\x7f"},
                        {"Host", "x"},
                        {"CONTENT-length", "3"},
                        {"Transfer-Encoding", "chunked"},
                        {"proxy-authorization", "x"},
                        {"Expect", "100-continue"}};
  for (const Header& header : bad) {
    EXPECT_NE(broken_rule(request({header})), nullptr) << header.name << "=" << header.value;
  }
  EXPECT_NE(broken_rule(request({}, "https://user@h")), nullptr);
}

}  // namespace
}  // namespace posthaste::http

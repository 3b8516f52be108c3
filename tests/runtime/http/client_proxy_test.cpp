// The client behind a proxy: what the proxy sees, what the server sees, and what a bad proxy can
// do.

#include <atomic>

#include "tests/runtime/http/client_fixture.h"

namespace posthaste::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ClientProxyTest : public ClientTest {
protected:
  void use_proxy(const TlsServer& proxy, std::string_view user_info = "") {
    const std::string value =
        "http://" + std::string(user_info) + "localhost:" + std::to_string(proxy.port());
    auto with = options();
    with.proxy = {.https_proxy = value, .http_proxy = value};
    with.look_up = [this](const std::string& host) {
      looked_up_ += host;
      return Result<Addresses>(Addresses{"127.0.0.1"});
    };
    make_client(with);
  }

  std::string looked_up_;
};

TEST_F(ClientProxyTest, TunnelsTlsAndShowsTheProxyNothingButTheHost) {
  std::string asked;
  std::string at_server;
  TlsServer server(tls(), [&](ServerConnection& connection) {
    while (const auto got = connection.read_request()) {
      at_server += got->head;
      connection.answer(200, "fine");
    }
  });
  TlsServer proxy(plain(), [&](ServerConnection& connection) {
    asked += connection.read_request()->head;
    connection.send("HTTP/1.1 200 Connection established\r\n\r\n");
    connection.splice_to(server.port());
  });
  use_proxy(proxy, "user:canary@");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = post(request(server.url("ingest.test")));
    ASSERT_TRUE(outcome.response) << outcome.response.error().message();
  }
  EXPECT_EQ(proxy.connections(), 1U) << "the tunnel should be used again";
  EXPECT_EQ(looked_up_, "") << "the proxy looks the host up, not we";
  client_.reset();
  EXPECT_TRUE(io_->stop(5s));
  EXPECT_THAT(asked,
              HasSubstr("CONNECT ingest.test:" + std::to_string(server.port()) + " HTTP/1.1"));
  EXPECT_THAT(asked, HasSubstr("Proxy-Authorization: Basic dXNlcjpjYW5hcnk="));
  EXPECT_THAT(asked, Not(HasSubstr("track")));
  EXPECT_THAT(at_server, Not(HasSubstr("Proxy-")));
  EXPECT_THAT(at_server, HasSubstr("POST /v2.1/track HTTP/1.1"));
}

TEST_F(ClientProxyTest, VerifiesTheServerBehindTheTunnel) {
  TlsServer server(tls({{"other.test"}}), answer_all);
  TlsServer proxy(plain(), [&](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    connection.splice_to(server.port());
  });
  use_proxy(proxy);
  expect_error(post(request(server.url("ingest.test"))), ErrorCode::certificate_rejected, false,
               "ingest.test");
  EXPECT_EQ(server.bytes_received(), 0U);
}

TEST_F(ClientProxyTest, AsksForPlainHttpByTheWholeUrl) {
  std::string first_line;
  TlsServer proxy(plain(), [&](ServerConnection& connection) {
    first_line = connection.read_request()->first_line();
    connection.answer(200, "by proxy");
  });
  use_proxy(proxy);
  EXPECT_EQ(post(request("http://collector.test:4318/v1/traces")).response.value().body,
            "by proxy");
  EXPECT_EQ(first_line, "POST http://collector.test:4318/v1/traces HTTP/1.1");
}

TEST_F(ClientProxyTest, GoesToLoopbackDirectly) {
  TlsServer server(tls(), answer_all);
  TlsServer proxy(plain(), answer_all);
  use_proxy(proxy);
  EXPECT_TRUE(post(request(server.url("localhost"))).response);
  EXPECT_EQ(proxy.connections(), 0U);
}

struct Row {
  const char* what;
  std::string answer;
  std::string_view reason;
};

TEST_F(ClientProxyTest, ReportsWhatTheProxyDid) {
  const Row rows[] = {
      {"wants a password",
       "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 9\r\n\r\ntell more",
       "407"},
      {"forbids", "HTTP/1.1 403 No\r\n\r\n", "403"},
      {"redirects", "HTTP/1.1 307 No\r\nLocation: https://evil.test/\r\n\r\n", "307"},
      {"talks on", "HTTP/1.1 200 OK\r\n\r\nunasked", "before it was asked"},
      {"has endless headers", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), "longer than"},
      {"floods",
       "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n",
       "interim"},
      {"speaks otherwise", "nonsense\r\n\r\n", "cannot be used"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    TlsServer proxy(plain(), say(row.answer));
    use_proxy(proxy, "user:canary@");
    const Outcome outcome = post(request("https://ingest.test", "body"));
    expect_error(outcome, ErrorCode::proxy_failed, false, row.reason);
    EXPECT_THAT(outcome.response.error().message(), Not(HasSubstr("canary")));
  }
}

TEST_F(ClientProxyTest, ReportsAProxyThatIsNotThereOrSilent) {
  {
    auto with = options();
    with.proxy.https_proxy =
        "localhost:" + std::to_string(testing_support::port_without_listener());
    make_client(with);
    expect_error(post(request("https://ingest.test")), ErrorCode::proxy_failed, false, "refused");
  }
  TlsServer silent(plain(), [](ServerConnection& connection) { connection.wait_for_close(); });
  use_proxy(silent);
  expect_error(post(request("https://ingest.test", "body", {.connect = 200ms})),
               ErrorCode::proxy_failed, false, "tunnel");
}

}  // namespace
}  // namespace posthaste::http

// Redirects, seen from the servers: who was asked, with what, and who must never be.

#include <atomic>

#include "tests/runtime/http/client_fixture.h"

namespace posthaste::http {
namespace {

class ClientRedirectTest : public ClientTest {
protected:
  /// A server whose /v2.1/track redirects to `location` with `status`; every other path answers
  /// well and leaves what it received.
  TlsServer::Script redirecting_to(std::string location, std::string headers = "",
                                   int status = 308) {
    return [=, this](ServerConnection& connection) {
      while (const auto got = connection.read_request()) {
        ++requests_;
        if (got->first_line() == "POST /v2.1/track HTTP/1.1") {
          connection.answer(status, "moved", "Location: " + location + "\r\n" + headers);
          continue;
        }
        token_ = got->header("authorization");
        body_ = got->body;
        connection.answer(200, "fine");
      }
    };
  }
  static Request with_token(std::string_view to) {
    Request with = request(to);
    with.headers.push_back({"Authorization", "Bearer canary"});
    return with;
  }

  std::atomic<int> requests_{0};
  std::string token_, body_;
};

TEST_F(ClientRedirectTest, FollowsWithinTheSameOriginAndKeepsTokenAndBody) {
  for (const int status : {307, 308}) {
    TlsServer server(tls(), redirecting_to("/moved", "", status));
    const Outcome outcome = post(with_token(server.url()));
    ASSERT_TRUE(outcome.response) << outcome.response.error().message();
    EXPECT_EQ(outcome.response->status, 200);
    EXPECT_EQ(outcome.response->final_url.target(), "/moved");
    EXPECT_EQ(token_, "Bearer canary");
    EXPECT_EQ(body_, "body");
  }
}

TEST_F(ClientRedirectTest, RemembersWhereARedirectLed) {
  testing_support::ManualClock clock;
  auto with = options();
  with.clock = &clock;
  make_client(with);
  TlsServer server(tls(), redirecting_to("/moved", "Cache-Control: max-age=3600\r\n"));
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(requests_, 2);
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(requests_, 3) << "the second request should go to its final place at once";
  clock.advance(3601s);
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(requests_, 5) << "what is remembered should end";
  client_.reset();
  EXPECT_TRUE(io_->stop(5s));
}

TEST_F(ClientRedirectTest, DoesNotRememberWhatMustNotBeStored) {
  TlsServer server(tls(), redirecting_to("/moved", "Cache-Control: no-store\r\n"));
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(requests_, 4);
}

TEST_F(ClientRedirectTest, ForgetsAPlaceThatDoesNotAnswer) {
  std::atomic<bool> gone{false};
  TlsServer server(tls(), [&](ServerConnection& connection) {
    while (const auto got = connection.read_request()) {
      const bool first = got->first_line() == "POST /v2.1/track HTTP/1.1";
      if (first && !gone) {
        connection.answer(308, "", "Location: /moved\r\n");
      } else if (first || !gone) {
        connection.answer(200, "fine");
      } else {
        return;
      }
    }
  });
  EXPECT_TRUE(post(request(server.url())).response);
  gone = true;
  expect_error(post(request(server.url())), ErrorCode::connection_lost, true);
  EXPECT_TRUE(post(request(server.url())).response);
}

TEST_F(ClientRedirectTest, ShowsAStrangerNothing) {
  TlsServer stranger(tls({{"localhost", "evil.test", "127.0.0.1"}}), answer_all);
  const std::string port = std::to_string(stranger.port());
  const std::vector<std::string> locations = {"https://evil.test:" + port + "/",
                                              "https://evil.test/",
                                              "https://localhost:" + port + "/",
                                              "http://localhost:" + port + "/",
                                              "https://127.0.0.1:" + port + "/",
                                              "https://user:pw@localhost:" + port + "/",
                                              "//evil.test/",
                                              "https://x.monitor.azure.com/",
                                              "nonsense"};
  for (const std::string& location : locations) {
    TlsServer server(tls(), redirecting_to(location));
    const Outcome outcome = post(with_token(server.url()));
    expect_error(outcome, ErrorCode::redirect_refused, false);
    EXPECT_EQ(outcome.status, 308);
  }
  EXPECT_EQ(stranger.connections(), 0U);
}

TEST_F(ClientRedirectTest, FollowsToAnotherHostOfTheSameCloudAndToNoOther) {
  // A proxy leads every name at port 443 to one server, so that the real names can be used.
  const std::string home = "https://a.in.applicationinsights.azure.com/v2.1/track";
  for (const auto& [location, followed] : std::vector<std::pair<std::string, bool>>{
           {"https://b.in.applicationinsights.azure.com/v2/track", true},
           {"https://b.monitor.azure.us/v2/track", false},
           {"https://evil.test/v2/track", false}}) {
    TlsServer server(
        tls({{"a.in.applicationinsights.azure.com", "b.in.applicationinsights.azure.com",
              "b.monitor.azure.us", "evil.test"}}),
        redirecting_to(location));
    std::atomic<int> tunnels{0};
    TlsServer proxy(plain(), [&](ServerConnection& connection) {
      if (!connection.read_request()) return;
      ++tunnels;
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
      connection.splice_to(server.port());
    });
    auto with = options();
    with.proxy.https_proxy = "localhost:" + std::to_string(proxy.port());
    make_client(with);
    token_.clear();
    const Outcome outcome = post(with_token(home));
    if (followed) {
      ASSERT_TRUE(outcome.response) << outcome.response.error().message();
      EXPECT_EQ(outcome.response->final_url, url(location));
    } else {
      expect_error(outcome, ErrorCode::redirect_refused, false, "same Azure cloud");
    }
    EXPECT_EQ(tunnels, followed ? 2 : 1);
    EXPECT_EQ(token_, followed ? "Bearer canary" : "");
    client_.reset();
  }
}

TEST_F(ClientRedirectTest, RefusesARedirectWithoutLocation) {
  TlsServer server(tls(), say("HTTP/1.1 308 Moved\r\nContent-Length: 0\r\n\r\n"));
  expect_error(post(request(server.url())), ErrorCode::redirect_refused, false, "no Location");
}

TEST_F(ClientRedirectTest, LeavesALoopAfterTenRedirects) {
  TlsServer server(tls(), redirecting_to("/v2.1/track"));
  expect_error(post(request(server.url())), ErrorCode::redirect_refused, false, "10");
  EXPECT_EQ(requests_, 11);
}

TEST_F(ClientRedirectTest, CountsAllRedirectsAgainstOneTotal) {
  std::atomic<int> asked{0};
  TlsServer server(tls(), [&](ServerConnection& connection) {
    while (connection.read_request()) {
      if (++asked == 1) {
        connection.answer(308, "", "Location: /moved\r\n");
      } else {
        connection.wait_for_close();
      }
    }
  });
  expect_error(post(request(server.url(), "body", {.total = 150ms})), ErrorCode::request_timed_out,
               true, "in all");
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace posthaste::http

// The client when all goes well, and when its owner wants something: cancel, stop, bad options.

#include <fcntl.h>

#include <atomic>
#include <map>

#include "tests/runtime/http/client_fixture.h"

namespace posthaste::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ClientTest, SendsAndReceivesOverTls) {
  std::string first_line;
  std::string body;
  std::string agent;
  TlsServer server(tls(), [&](ServerConnection& connection) {
    const auto got = connection.read_request();
    first_line = got->first_line();
    body = got->body;
    agent = got->header("user-agent");
    connection.answer(206, "{\"itemsReceived\":1}", "Retry-After: 3\r\n");
  });
  const Outcome outcome = post(request(server.url()));
  ASSERT_TRUE(outcome.response) << outcome.response.error().message();
  EXPECT_EQ(outcome.status, 206);
  EXPECT_EQ(outcome.response->status, 206);
  EXPECT_EQ(outcome.response->body, "{\"itemsReceived\":1}");
  EXPECT_EQ(*outcome.response->header("retry-after"), "3");
  EXPECT_EQ(outcome.response->final_url, url(server.url()));
  EXPECT_FALSE(outcome.ambiguous);
  EXPECT_EQ(first_line, "POST /v2.1/track HTTP/1.1");
  EXPECT_EQ(body, "body");
  EXPECT_EQ(agent, "posthaste");
}

TEST_F(ClientTest, GetsOverPlainHttpWithoutAnyTls) {
  std::string first_line;
  TlsServer server(plain(), [&](ServerConnection& connection) {
    first_line = connection.read_request()->first_line();
    connection.answer(200, "fine");
  });
  make_client({.tls = false});
  const Outcome outcome = post({.url = url(server.url()), .method = Method::get});
  ASSERT_TRUE(outcome.response) << outcome.response.error().message();
  EXPECT_EQ(outcome.response->body, "fine");
  EXPECT_EQ(first_line, "GET /v2.1/track HTTP/1.1");
}

TEST_F(ClientTest, WithoutTlsRefusesHttps) {
  TlsServer server(tls(), [](ServerConnection& connection) { connection.wait_for_close(); });
  ClientOptions with = options();
  with.tls = false;
  make_client(with);
  expect_error(post(request(server.url())), ErrorCode::tls_failed, false, "speaks no TLS");
}

TEST_F(ClientTest, UsesOneConnectionForRequestsOneAfterTheOther) {
  TlsServer server(tls(), answer_all);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, OpensAFreshConnectionAfterTheIdleLimit) {
  testing_support::ManualClock clock;
  auto with = options();
  with.clock = &clock;
  make_client(with);
  TlsServer server(tls(), answer_all);
  EXPECT_TRUE(post(request(server.url())).response);
  clock.advance(30s);
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(server.connections(), 1U);
  clock.advance(31s);
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(server.connections(), 2U);
  client_.reset();
  EXPECT_TRUE(io_->stop(5s));
}

TEST_F(ClientTest, ResumesTheTlsSessionOnAFreshConnection) {
  std::atomic<int> resumed{0};
  TlsServer server(tls(), [&](ServerConnection& connection) {
    resumed += connection.resumed() ? 1 : 0;
    if (connection.read_request()) connection.answer(200, "", "Connection: close\r\n");
  });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(server.connections(), 3U);
  EXPECT_EQ(resumed, 2);
}

TEST_F(ClientTest, SendsABodyInManyPartsIntact) {
  std::string received;
  TlsServer server(tls(), [&](ServerConnection& connection) {
    received = connection.read_request()->body;
    connection.answer(200);
  });
  std::string whole;
  for (int i = 0; i < 3'000'000; ++i) whole.push_back(static_cast<char>('a' + i * 7 % 26));
  Request parts = request(server.url(), whole);
  const std::span<const std::byte> bytes = parts.body.front();
  parts.body.clear();
  for (std::size_t at = 0, size = 0; at < bytes.size(); at += size) {
    size = std::min(bytes.size() - at, size * 3 / 2 + at % 7);
    if (size == 0) size = 1;
    parts.body.push_back(bytes.subspan(at, size));
    parts.body.emplace_back();
  }
  EXPECT_TRUE(post(std::move(parts)).response);
  EXPECT_TRUE(received == whole);
}

TEST_F(ClientTest, CarriesRequestsAtTheSameTime) {
  TlsServer server(tls(), answer_all);
  std::vector<std::future<Outcome>> under_way;
  for (int i = 0; i < 20; ++i) under_way.push_back(begin(request(server.url())));
  for (auto& outcome : under_way) EXPECT_TRUE(wait(std::move(outcome)).response);
  EXPECT_LE(server.connections(), 20U);
}

TEST_F(ClientTest, HoldsTheBodyUntilDoneAndNoLonger) {
  TlsServer server(tls(), answer_all);
  const auto kept = std::make_shared<const std::string>("kept");
  Request with = request(server.url());
  with.body = {std::as_bytes(std::span(kept->data(), kept->size()))};
  with.keep_alive = kept;
  EXPECT_TRUE(post(std::move(with)).response);
  client_.reset();
  EXPECT_TRUE(io_->stop(5s));
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(ClientTest, SpeaksPlainHttpOnlyWhereTheUrlSaysSo) {
  TlsServer server(plain(), answer_all);
  EXPECT_TRUE(post(request(server.url())).response);
  TlsServer not_tls(plain(), [](ServerConnection& connection) {
    connection.read_exactly(5);
    connection.answer(400);
  });
  const std::string as_https = "https" + not_tls.url().substr(4);
  expect_error(post(request(as_https, "canary")), ErrorCode::tls_failed, false);
}

TEST_F(ClientTest, OpensSocketsThatTheHostsChildrenDoNotInherit) {
  std::atomic<int> inherited{0};
  TlsServer server(plain(), [&](ServerConnection& connection) {
    if (!connection.read_request()) return;
    for (int fd = 3; fd < 256; ++fd) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ++inherited;
    }
    connection.answer(200);
  });
  const int before = [] {
    int count = 0;
    for (int fd = 3; fd < 256; ++fd) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ++count;
    }
    return count;
  }();
  EXPECT_TRUE(post(request(server.url())).response);
  EXPECT_EQ(inherited, before);
}

TEST_F(ClientTest, RefusesARequestThatCannotBeSentAsItIs) {
  TlsServer server(tls(), answer_all);
  Request bad = request(server.url());
  bad.headers.push_back({"X", "a\r\nInjected: b"});
  expect_error(post(std::move(bad)), ErrorCode::invalid_argument, false, "control character");
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ClientTest, CancelEndsARequestAtOnce) {
  std::promise<void> arrived;
  TlsServer server(tls(), [&](ServerConnection& connection) {
    if (connection.read_request()) arrived.set_value();
    connection.wait_for_close();
  });
  RequestId id{};
  auto outcome = begin(request(server.url()), &id);
  arrived.get_future().wait();
  client().cancel(id);
  expect_error(wait(std::move(outcome)), ErrorCode::request_cancelled, true);
  client().cancel(id);
}

TEST_F(ClientTest, CancelBeforeTheRequestWasSentIsNotAmbiguous) {
  TlsServer server({.transport = Transport::silent_tls}, {});
  RequestId id{};
  auto outcome = begin(request(server.url()), &id);
  client().cancel(id);
  expect_error(wait(std::move(outcome)), ErrorCode::request_cancelled, false);
}

TEST_F(ClientTest, StopEndsEverythingUnderWayAndRefusesTheRest) {
  std::promise<void> arrived;
  TlsServer hanging(tls(), [&](ServerConnection& connection) {
    if (connection.read_request()) arrived.set_value();
    connection.wait_for_close();
  });
  TlsServer silent({.transport = Transport::silent_tls}, {});
  TlsServer good(tls(), answer_all);
  EXPECT_TRUE(post(request(good.url())).response);  // leaves an idle connection
  auto sent = begin(request(hanging.url()));
  auto shaking = begin(request(silent.url()));
  arrived.get_future().wait();
  EXPECT_TRUE(io_->stop(5s));
  expect_error(wait(std::move(sent)), ErrorCode::request_cancelled, true);
  expect_error(wait(std::move(shaking)), ErrorCode::request_cancelled, false);
  expect_error(post(request(good.url())), ErrorCode::stopped, false);
}

TEST_F(ClientTest, DestructionEndsWhatIsUnderWay) {
  std::promise<void> arrived;
  TlsServer hanging(tls(), [&](ServerConnection& connection) {
    if (connection.read_request()) arrived.set_value();
    connection.wait_for_close();
  });
  auto outcome = begin(request(hanging.url()));
  arrived.get_future().wait();
  client_.reset();
  expect_error(wait(std::move(outcome)), ErrorCode::request_cancelled, true);
  EXPECT_TRUE(io_->stop(5s));
}

TEST_F(ClientTest, OutlivesItsIoThread) {
  make_client(options());
  io_.reset();
  const auto outcome = [&] {
    std::promise<Outcome> promise;
    client_->post(request("https://localhost:1"), [&](Outcome o) { promise.set_value(o); });
    return promise.get_future().get();
  }();
  expect_error(outcome, ErrorCode::stopped, false);
}

TEST_F(ClientTest, CallsDoneOnceWhateverTheMomentOfStop) {
  TlsServer server(tls(), answer_all);
  for (int round = 0; round < 8; ++round) {
    client_.reset();
    io_ = IoThread::start().value();
    make_client(options());
    std::atomic<int> done{0};
    std::atomic<bool> go_on{true};
    int posted = 0;
    std::thread poster([&] {
      for (; go_on || posted < 3; ++posted) {
        client_->post(request(server.url()), [&](Outcome) { ++done; });
        while (go_on && posted - done > 8) std::this_thread::yield();
      }
    });
    while (done < round * 3) std::this_thread::yield();
    EXPECT_TRUE(io_->stop(5s));
    go_on = false;
    poster.join();
    EXPECT_EQ(done, posted);
  }
}

TEST_F(ClientTest, NamesTheOptionThatCannotBe) {
  const auto refused = [this](ClientOptions with) {
    auto created = Client::create(*io_, std::move(with));
    EXPECT_FALSE(created);
    EXPECT_EQ(created.error().code(), ErrorCode::invalid_setting);
    return created ? "" : created.error().message();
  };
  EXPECT_THAT(refused({.ca_file = "/does/not/exist"}), HasSubstr("/does/not/exist"));
  EXPECT_THAT(refused({.ca_file = "/etc/hostname"}), HasSubstr("PEM"));
  EXPECT_THAT(refused({.proxy = {.https_proxy = "socks5://p"}}), HasSubstr("HTTPS_PROXY"));
  EXPECT_THAT(refused({.user_agent = "a\nb"}), HasSubstr("user_agent"));
  EXPECT_THAT(refused({.limits = {.header = Bytes{10}}}), HasSubstr("limits.header"));
  EXPECT_THAT(refused({.limits = {.body = Bytes{1ULL << 40}}}), HasSubstr("limits.body"));
  EXPECT_THAT(refused({.redirect_limit = 11}), HasSubstr("redirect_limit"));
}

TEST_F(ClientTest, WarnsOfWhatItIgnores) {
  auto with = options();
  with.proxy.no_proxy = "a.test,10.0.0.0/99";
  make_client(with);
  EXPECT_THAT(client().warnings(), ElementsAre(HasSubstr("10.0.0.0/99")));
}

}  // namespace
}  // namespace posthaste::http

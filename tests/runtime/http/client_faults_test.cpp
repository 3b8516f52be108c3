// The client among servers, networks and names that fail: what it reports, and whether ambiguous.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "tests/runtime/http/client_fixture.h"

namespace posthaste::http {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t more_than_sockets_hold = 24 * 1024 * 1024;

std::string ok(std::string_view headers, std::string_view body = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

TEST_F(ClientTest, ReportsARefusedConnection) {
  const auto port = std::to_string(testing_support::port_without_listener());
  expect_error(post(request("https://localhost:" + port)), ErrorCode::connect_failed, false,
               "refused");
}

TEST_F(ClientTest, TriesAllAddressesInTurn) {
  auto with = options();
  with.look_up = [](const std::string&) {
    return Result<Addresses>(Addresses{"127.0.0.2", "::1", "127.0.0.1"});
  };
  make_client(with);
  TlsServer server(tls(), answer_all);  // on 127.0.0.1 only
  EXPECT_TRUE(post(request(server.url("ingest.test"))).response);
}

TEST_F(ClientTest, GivesUpOnAnAddressThatSwallowsPackets) {
  // A full backlog on loopback drops SYNs, as a black hole does.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  const std::string port = std::to_string(ntohs(address.sin_port));
  expect_error(post(request("https://ingest.test:" + port, "body", {.connect = 100ms})),
               ErrorCode::request_timed_out, false, "no connection to ingest.test:" + port);
  for (const int fd : fillers) ::close(fd);
  ::close(listener);
}

TEST_F(ClientTest, ReportsANameThatDoesNotExist) {
  auto with = options();
  with.look_up = [](const std::string&) { return Result<Addresses>(Addresses{}); };
  make_client(with);
  expect_error(post(request("https://gone.test")), ErrorCode::name_not_resolved, false,
               "gone.test");
}

TEST_F(ClientTest, ASilentDnsServerHoldsUpNeitherAnotherHostNorStop) {
  const auto release = std::make_shared<std::promise<void>>();
  const std::shared_future<void> released = release->get_future().share();
  auto with = options();
  with.look_up = [released](const std::string& host) {
    if (host == "silent.test") released.wait();
    return Result<Addresses>(Addresses{"127.0.0.1"});
  };
  make_client(with);
  TlsServer server(tls(), answer_all);
  auto timed_out = begin(request("https://silent.test", "body", {.resolve = 100ms}));
  auto hanging = begin(request("https://silent.test"));
  EXPECT_TRUE(post(request(server.url("ingest.test"))).response);
  expect_error(wait(std::move(timed_out)), ErrorCode::name_not_resolved, false, "silent.test");
  const auto begun = steady_clock::now();
  EXPECT_TRUE(io_->stop(5s));
  EXPECT_LT(steady_clock::now() - begun, 1s);
  expect_error(wait(std::move(hanging)), ErrorCode::request_cancelled, false);
  client_.reset();
  io_.reset();
  release->set_value();
}

TEST_F(ClientTest, AServerThatNeverAnswersIsAmbiguous) {
  TlsServer server(tls(), [](ServerConnection& connection) {
    connection.read_request();
    connection.wait_for_close();
  });
  expect_error(post(request(server.url(), "body", {.first_byte = 100ms})),
               ErrorCode::request_timed_out, true, "did not answer within 100 ms");
}

TEST_F(ClientTest, WhatIsGivenUpIsNotSentOn) {
  constexpr std::size_t large = 24 << 20;  // more than both ends of a connection hold
  std::promise<steady_clock::duration> hung_up;
  TlsServer server({.transport = Transport::plain}, [&](ServerConnection& connection) {
    connection.read_head();
    const auto begun = steady_clock::now();
    connection.wait_for_close();  // an orderly end would wait behind what is not read
    hung_up.set_value(steady_clock::now() - begun);
  });
  expect_error(post(request(server.url(), std::string(large, 'x'), {.write = 100ms})),
               ErrorCode::request_timed_out, false);
  EXPECT_LT(hung_up.get_future().get(), 5s);
}

TEST_F(ClientTest, AStalledHandshakeIsNotAmbiguous) {
  TlsServer server({.transport = Transport::silent_tls}, {});
  expect_error(post(request(server.url(), "body", {.handshake = 100ms})),
               ErrorCode::request_timed_out, false, "TLS handshake");
}

TEST_F(ClientTest, AServerThatReadsTooSlowlyIsLeft) {
  TlsServer server(tls(), [](ServerConnection& connection) {
    connection.read_head();
    connection.wait_for_close();
  });
  expect_error(
      post(request(server.url(), std::string(more_than_sockets_hold, 'x'), {.write = 200ms})),
      ErrorCode::request_timed_out, false, "did not take the request");
}

TEST_F(ClientTest, AnAnswerThatDripsIsCutByTheTotal) {
  std::atomic<int> drops{0};
  TlsServer server(tls(), [&](ServerConnection& connection) {
    connection.read_request();
    connection.send(ok("Content-Length: 60000\r\n"));
    while (connection.send("x")) {
      ++drops;
      std::this_thread::yield();
    }
  });
  const auto begun = steady_clock::now();
  const Outcome outcome =
      post(request(server.url(), "body", {.first_byte = 100ms, .total = 150ms}));
  if (outcome.response) GTEST_SKIP() << "this machine drips 60,000 bytes within 150 ms";
  expect_error(outcome, ErrorCode::request_timed_out, true, "150 ms in all");
  EXPECT_EQ(outcome.status, 200);
  EXPECT_GT(drops, 0);
  EXPECT_LT(steady_clock::now() - begun, 5s);
}

TEST_F(ClientTest, AResetAmidTheBodyIsNotAmbiguous) {
  for (const auto& transport : {tls(), plain()}) {
    TlsServer server(transport, [](ServerConnection& connection) {
      connection.read_head();
      connection.reset();
    });
    expect_error(post(request(server.url(), std::string(more_than_sockets_hold, 'x'))),
                 ErrorCode::connection_lost, false);
  }
}

TEST_F(ClientTest, AResetAfterTheWholeRequestIsAmbiguous) {
  for (const auto& transport : {tls(), plain()}) {
    TlsServer server(transport, [](ServerConnection& connection) {
      connection.read_request();
      connection.reset();
    });
    expect_error(post(request(server.url())), ErrorCode::connection_lost, true);
  }
}

TEST_F(ClientTest, ACloseAfterTheWholeRequestIsAmbiguous) {
  TlsServer server(tls(), [](ServerConnection& connection) { connection.read_request(); });
  expect_error(post(request(server.url())), ErrorCode::connection_lost, true,
               "closed before an answer came");
}

TEST_F(ClientTest, AnIdleConnectionThatWasClosedIsReplacedUnseen) {
  std::atomic<int> requests{0};
  TlsServer server(tls(), [&](ServerConnection& connection) {
    if (connection.read_request()) ++requests;
    connection.answer(200, "fine");  // and closes, though it promised to stay
  });
  int answered = 0;
  for (int i = 0; i < 100 && answered < 4; ++i) {
    const Outcome outcome = post(request(server.url()));
    // The check may overtake the close; then the request was lost after it had been sent.
    if (!outcome.response) expect_error(outcome, ErrorCode::connection_lost, true);
    answered += outcome.response ? 1 : 0;
  }
  EXPECT_EQ(answered, 4);
  EXPECT_GE(server.connections(), 4U);
}

TEST_F(ClientTest, ARequestThatAReusedConnectionTookOnlyPartlyIsSentAfresh) {
  std::atomic<int> whole{0};
  TlsServer server(tls(), [&](ServerConnection& connection) {
    if (connection.number() > 1) {
      if (connection.read_request()) ++whole;
      connection.answer(200, "second");
      return;
    }
    connection.read_request();
    connection.answer(200, "first");
    connection.read_head();  // the second request begins here, and is not heard to its end
    connection.reset();
  });
  EXPECT_EQ(post(request(server.url())).response.value().body, "first");
  const Outcome outcome = post(request(server.url(), std::string(more_than_sockets_hold, 'x')));
  ASSERT_TRUE(outcome.response) << outcome.response.error().message();
  EXPECT_EQ(outcome.response->body, "second");
  EXPECT_EQ(whole, 1);
  EXPECT_EQ(server.connections(), 2U);
}

TEST_F(ClientTest, HearsAnAnswerGivenBeforeTheWholeRequestWasRead) {
  TlsServer server(plain(), [](ServerConnection& connection) {
    connection.read_head();
    connection.answer(413, "too large");
  });
  const Outcome outcome = post(request(server.url(), std::string(more_than_sockets_hold, 'x')));
  ASSERT_TRUE(outcome.response) << outcome.response.error().message();
  EXPECT_EQ(outcome.response->status, 413);
}

struct Row {
  const char* what;
  std::string answer;
  ErrorCode code;
  int status;
};

TEST_F(ClientTest, RefusesAnswersThatCouldHarmItsHost) {
  const std::string much(300'000, 'x');
  const Row rows[] = {
      {"oversized body", ok("Content-Length: 1073741824\r\n", much), ErrorCode::response_too_large,
       200},
      {"oversized body of a failure", "HTTP/1.1 500 No\r\nContent-Length: 99999\r\n\r\n",
       ErrorCode::response_too_large, 500},
      {"endless headers", ok("X: " + much), ErrorCode::response_too_large, 0},
      {"endless chunk extension", ok("Transfer-Encoding: chunked\r\n", "1;" + much),
       ErrorCode::response_too_large, 200},
      {"endless chunks", ok("Transfer-Encoding: chunked\r\n", "493e0\r\n" + much),
       ErrorCode::response_too_large, 200},
      {"two ways of length", ok("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "x"),
       ErrorCode::bad_response, 0},
      {"two lengths", ok("Content-Length: 1\r\nContent-Length: 2\r\n", "xy"),
       ErrorCode::bad_response, 0},
      {"compressed", ok("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "x"),
       ErrorCode::response_too_large, 200},
      {"flood of interim answers",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
       "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
       ErrorCode::bad_response, 0},
      {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", ErrorCode::bad_response, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    TlsServer server(tls(), say(row.answer));
    const Outcome outcome = post(request(server.url()));
    expect_error(outcome, row.code, true);
    EXPECT_EQ(outcome.status, row.status);
    EXPECT_EQ(post(request(server.url())).status, row.status);  // the client goes on
    EXPECT_EQ(server.connections(), 2U);                        // and never on that connection
  }
}

TEST_F(ClientTest, AnAnswerCutShortWithoutTlsGoodbyeIsNotTakenForWhole) {
  TlsServer server(tls(), [](ServerConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    connection.reset();
  });
  expect_error(post(request(server.url())), ErrorCode::connection_lost, true);
}

}  // namespace
}  // namespace posthaste::http

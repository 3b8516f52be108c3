#pragma once

/// What the tests of the client share: an io thread, an authority whose certificates the client
/// trusts, names under .test that lead to loopback, and posts that wait for their outcome.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/http/client.h"
#include "tests/support/manual_clock.h"
#include "tests/support/tls_server.h"

namespace posthaste::http {

using testing_support::CertificateRequest;
using testing_support::ServerConnection;
using testing_support::ServerOptions;
using testing_support::TestAuthority;
using testing_support::TlsServer;
using testing_support::Transport;
using namespace std::chrono_literals;

inline Url url(std::string_view text) {
  return Url::parse(text).value();
}

class ClientTest : public ::testing::Test {
protected:
  static const TestAuthority& authority() {
    static const TestAuthority shared;
    return shared;
  }
  static ServerOptions tls(CertificateRequest certificate = {{"localhost", "ingest.test"}}) {
    return {.transport = Transport::tls, .certificate = authority().issue(certificate)};
  }
  static ServerOptions plain() { return {.transport = Transport::plain}; }

  /// Answers every request well.
  static void answer_all(ServerConnection& connection) {
    while (connection.read_request()) connection.answer(200, "fine");
  }
  /// Reads one request, sends `bytes`, and waits for the client to hang up.
  static TlsServer::Script say(std::string bytes) {
    return [bytes](ServerConnection& connection) {
      if (connection.read_request()) connection.send(bytes);
      connection.wait_for_close();
    };
  }

  static ClientOptions options() {
    return {.ca_file = authority().file(), .look_up = [](const std::string&) {
              return Result<Addresses>(Addresses{"127.0.0.1"});
            }};
  }

  /// With `options`, instead of the client so far.
  void make_client(ClientOptions with) { client_ = Client::create(*io_, std::move(with)).value(); }

  Client& client() {
    if (client_ == nullptr) make_client(options());
    return *client_;
  }

  static Request request(std::string_view to, std::string body = "body", Phases phases = {}) {
    const auto kept = std::make_shared<const std::string>(std::move(body));
    return {.url = url(to),
            .headers = {{"Content-Type", "text/plain"}},
            .body = {std::as_bytes(std::span(kept->data(), kept->size()))},
            .keep_alive = kept,
            .phases = phases};
  }

  /// The future fails the test, by an exception, if Done is called twice.
  std::future<Outcome> begin(Request request, RequestId* id = nullptr) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    const RequestId posted = client().post(
        std::move(request), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    if (id != nullptr) *id = posted;
    return promise->get_future();
  }
  static Outcome wait(std::future<Outcome> future) {
    if (future.wait_for(15s) == std::future_status::ready) return future.get();
    ADD_FAILURE() << "Done was not called";
    return {Error(ErrorCode::internal, "Done was not called"), false, 0};
  }
  Outcome post(Request request) { return wait(begin(std::move(request))); }

  static void expect_error(const Outcome& outcome, ErrorCode code, bool ambiguous,
                           std::string_view text = "") {
    ASSERT_FALSE(outcome.response) << outcome.response->status;
    const Error& error = outcome.response.error();
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_EQ(outcome.ambiguous, ambiguous) << error.message();
    EXPECT_THAT(error.message(), ::testing::HasSubstr(std::string(text)));
    EXPECT_THAT(error.message(), ::testing::Not(::testing::HasSubstr("\n")));
  }

  std::unique_ptr<IoThread> io_ = IoThread::start().value();
  std::unique_ptr<Client> client_;
};

}  // namespace posthaste::http

// Whom the client trusts. In all refusals the server must not have seen a byte of the request.

#include "tests/runtime/http/client_fixture.h"

#include <filesystem>
#include <fstream>

namespace posthaste::http {
namespace {

class ClientTlsTest : public ClientTest {
protected:
  void expect_refusal(ServerOptions with, std::string_view host, ErrorCode code,
                      std::string_view reason) {
    bool asked = false;
    TlsServer server(std::move(with), [&](ServerConnection& connection) {
      asked = connection.read_head().has_value();
    });
    expect_error(post(request(server.url(host), "canary")), code, false, reason);
    EXPECT_GE(server.connections(), 1U);
    EXPECT_EQ(server.bytes_received(), 0U);
    EXPECT_FALSE(asked);
  }
};

TEST_F(ClientTlsTest, RefusesACertificateForAnotherName) {
  expect_refusal(tls({{"other.test"}}), "ingest.test", ErrorCode::certificate_rejected,
                 "ingest.test");
}

TEST_F(ClientTlsTest, RefusesANameWhereAnAddressIsAsked) {
  expect_refusal(tls({{"localhost"}}), "127.0.0.1", ErrorCode::certificate_rejected,
                 "IP address mismatch");
}

TEST_F(ClientTlsTest, RefusesAnExpiredCertificate) {
  expect_refusal(tls({.names = {"ingest.test"}, .expired = true}), "ingest.test",
                 ErrorCode::certificate_rejected, "expired");
}

TEST_F(ClientTlsTest, RefusesAnUnknownIssuerAndSaysHowToMendIt) {
  const TestAuthority stranger;
  expect_refusal({.certificate = stranger.issue({{"ingest.test"}})}, "ingest.test",
                 ErrorCode::certificate_rejected, "CA file");
}

TEST_F(ClientTlsTest, RefusesEveryTestServerWithoutTheCaFile) {
  auto with = options();
  with.ca_file.clear();
  make_client(with);
  expect_refusal(tls(), "localhost", ErrorCode::certificate_rejected, "issuer");
}

TEST_F(ClientTlsTest, RefusesTls11) {
  auto old = tls();
  old.transport = Transport::tls_1_1_only;
  expect_refusal(old, "localhost", ErrorCode::tls_failed, "TLS 1.2");
}

TEST_F(ClientTlsTest, AcceptsAnAddressThatTheCertificateNames) {
  TlsServer server(tls({{"127.0.0.1"}}), answer_all);
  EXPECT_TRUE(post(request(server.url("127.0.0.1"))).response);
}

TEST_F(ClientTlsTest, AcceptsAWildcardForOneLabel) {
  TlsServer server(tls({{"*.ingest.test"}}), answer_all);
  EXPECT_TRUE(post(request(server.url("a.ingest.test"))).response);
  expect_error(post(request(server.url("a.b.ingest.test"))), ErrorCode::certificate_rejected,
               false);
}

TEST_F(ClientTlsTest, ASessionOfOneHostOpensNoOther) {
  TlsServer server(tls({{"a.test"}}), [](ServerConnection& connection) {
    if (connection.read_request()) connection.answer(200, "", "Connection: close\r\n");
  });
  EXPECT_TRUE(post(request(server.url("a.test"))).response);
  expect_error(post(request(server.url("b.test"))), ErrorCode::certificate_rejected, false);
}

/// A server that wants to know who the client is, and files that tell it.
class ClientCertificateTest : public ClientTest {
protected:
  ClientCertificateTest() { std::filesystem::create_directories(directory_); }
  ~ClientCertificateTest() override { std::filesystem::remove_all(directory_); }

  static ServerOptions asking() {
    ServerOptions options = tls();
    options.client_authority = authority().pem();
    return options;
  }
  void show(const testing_support::Certificate& certificate) {
    const auto write = [this](const char* name, const std::string& text) {
      std::ofstream(directory_ / name) << text;
      return (directory_ / name).string();
    };
    auto with = options();
    with.client_certificate_file = write("client.pem", certificate.certificate);
    with.client_key_file = write("client.key", certificate.key);
    make_client(with);
  }

  const std::filesystem::path directory_ = ::testing::TempDir() + "client_certificate_test";
};

TEST_F(ClientCertificateTest, IsShownToAServerThatAsksForIt) {
  TlsServer server(asking(), answer_all);
  show(authority().issue({{"orders"}}));
  const Outcome outcome = post(request(server.url()));
  ASSERT_TRUE(outcome.response) << outcome.response.error().message();
  EXPECT_EQ(outcome.response->status, 200);
}

TEST_F(ClientCertificateTest, IsNamedWhereItIsMissingOrAStrangersAndNothingWasDone) {
  bool asked = false;
  TlsServer server(asking(), [&](ServerConnection& connection) {
    asked = connection.read_request().has_value();
  });
  expect_error(post(request(server.url(), "canary")), ErrorCode::tls_failed, false,
               "client certificate");
  show(TestAuthority().issue({{"orders"}}));
  expect_error(post(request(server.url(), "canary")), ErrorCode::tls_failed, false,
               "client certificate");
  EXPECT_FALSE(asked);
}

}  // namespace
}  // namespace posthaste::http

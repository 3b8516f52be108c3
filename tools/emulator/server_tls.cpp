#include "tools/emulator/server_tls.h"

#include <openssl/ssl.h>

namespace posthaste::tools {
namespace {

namespace ssl = boost::asio::ssl;
using namespace std::chrono_literals;
using boost::system::error_code;

constexpr auto day = 24h;

}  // namespace

Result<ServerTls> ServerTls::open(const std::string& directory, WallTime now) {
  auto authority = CertificateAuthority::open(directory, now);
  if (!authority) return std::move(authority).error();
  ServerTls tls(std::move(*authority), now);
  for (const TlsFault fault :
       {TlsFault::none, TlsFault::expired, TlsFault::wrong_host, TlsFault::old_version}) {
    if (auto made = tls.make(fault); !made) return std::move(made).error();
  }
  return tls;
}

ssl::context& ServerTls::context(TlsFault fault) {
  return *contexts_[static_cast<std::size_t>(fault)];
}

Result<void> ServerTls::make(TlsFault fault) {
  const bool expired = fault == TlsFault::expired;
  const auto certificate =
      fault == TlsFault::wrong_host
          ? authority_.issue({"elsewhere.test"}, started_ - day, started_ + 90 * day)
          : authority_.issue({"localhost", "127.0.0.1", "::1"}, started_ - 2 * day,
                             expired ? started_ - day : started_ + 90 * day);
  if (!certificate) return Error(certificate.error());
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  error_code error;
  context->use_certificate_chain(boost::asio::buffer(certificate->chain), error);
  if (!error) {
    context->use_private_key(boost::asio::buffer(certificate->key), ssl::context::pem, error);
  }
  SSL_CTX* const handle = context->native_handle();
  const bool old = fault == TlsFault::old_version;
  // OpenSSL 3 lets TLS 1.1 go only at security level 0.
  const bool versions = old ? SSL_CTX_set_cipher_list(handle, "ALL:@SECLEVEL=0") == 1 &&
                                  SSL_CTX_set_min_proto_version(handle, TLS1_VERSION) == 1 &&
                                  SSL_CTX_set_max_proto_version(handle, TLS1_1_VERSION) == 1
                            : SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) == 1;
  if (error || !versions) {
    return Error(ErrorCode::tls_failed, "emulator certificate: OpenSSL refused the settings");
  }
  contexts_[static_cast<std::size_t>(fault)] = std::move(context);
  return {};
}

}  // namespace posthaste::tools

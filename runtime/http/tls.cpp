#include "runtime/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <boost/system/error_code.hpp>

#include <arpa/inet.h>

#include <array>
#include <map>

namespace posthaste::http {
namespace {

constexpr std::size_t most_sessions = 32;

struct FreeSession {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using Sessions = std::map<std::string, std::unique_ptr<SSL_SESSION, FreeSession>>;

// A connection remembers whose session it will learn; freed with the connection by OpenSSL.
void free_peer(void*, void* peer, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::string*>(peer);
}
int peer_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_peer);
  return index;
}
int sessions_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Returns 1 when it keeps `session`.
int learn_session(SSL* connection, SSL_SESSION* session) {
  const auto* peer = static_cast<const std::string*>(SSL_get_ex_data(connection, peer_index()));
  auto* sessions =
      static_cast<Sessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), sessions_index()));
  if (peer == nullptr || sessions == nullptr || SSL_SESSION_is_resumable(session) == 0) return 0;
  if (sessions->size() >= most_sessions && !sessions->contains(*peer)) {
    sessions->erase(sessions->begin());
  }
  (*sessions)[*peer].reset(session);
  return 1;
}

std::string last_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "no reason given";
}

bool is_address(const std::string& host) noexcept {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string_view mend_for(long verdict) noexcept {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "renew it on the server, or set this machine's clock";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "it was issued for another name: correct the endpoint, or the server's certificate";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "its issuer is not trusted here: install ca-certificates, or name the issuer's "
             "certificate in the CA file setting";
    default: return "replace the server's certificate";
  }
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, learn_session);
}

Result<void> trust(SSL_CTX* context, const std::string& ca_file) {
  // Nothing there is no error yet: the CA file may be all that is needed.
  SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error();
  if (ca_file.empty() || SSL_CTX_load_verify_file(context, ca_file.c_str()) == 1) return {};
  return Error(ErrorCode::invalid_setting,
               "the CA file \"" + ca_file + "\" cannot be used: " + last_reason() +
                   "; it must be readable and hold certificates in PEM");
}

/// Never asks for a pass phrase: nobody is there to answer.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

Result<void> identify(SSL_CTX* context, const TlsFiles& files) {
  if (files.client_certificate.empty() && files.client_key.empty()) return {};
  const auto unusable = [](const char* what, const std::string& file, const char* rule) {
    return Error(ErrorCode::invalid_setting, std::string("the client's ") + what + " \"" + file +
                                                 "\" cannot be used: " + last_reason() + "; " +
                                                 rule);
  };
  if (files.client_certificate.empty() || files.client_key.empty()) {
    return Error(ErrorCode::invalid_setting,
                 "a client certificate needs its key, and a key its certificate; set both files");
  }
  SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
  if (SSL_CTX_use_certificate_chain_file(context, files.client_certificate.c_str()) != 1) {
    return unusable("certificate", files.client_certificate,
                    "it must be readable and hold a certificate in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.client_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("key", files.client_key,
                    "it must be readable, be the certificate's, and hold a key in PEM without a "
                    "pass phrase");
  }
  return {};
}

}  // namespace

struct TlsContext::Impl {
  Sessions sessions;  // outlives the context, whose connections write to it
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{nullptr, SSL_CTX_free};
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  SSL_CTX_set_ex_data(impl_->context.get(), sessions_index(), &impl_->sessions);
}

TlsContext::~TlsContext() {
  SSL_CTX_set_ex_data(impl_->context.get(), sessions_index(), nullptr);
}

Result<std::shared_ptr<TlsContext>> TlsContext::create(const TlsFiles& files) {
  // If we are its first user: OpenSSL must not tidy up at exit under threads that still run.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  auto impl = std::make_unique<Impl>();
  // Not by Asio, which takes a null pointer for a context where OpenSSL had no memory to say why.
  impl->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = impl->context.get();
  if (context == nullptr) {
    return Error(ErrorCode::tls_failed, "OpenSSL cannot be used: " + last_reason());
  }
  set_rules(context);
  if (auto trusted = trust(context, files.authorities); !trusted) {
    return std::move(trusted).error();
  }
  if (auto set = identify(context, files); !set) return std::move(set).error();
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

Result<ssl_st*> TlsContext::connection(const std::string& host, const std::string& peer) {
  std::unique_ptr<SSL, decltype(&SSL_free)> made(SSL_new(impl_->context.get()), SSL_free);
  if (made == nullptr) {
    return Error(ErrorCode::tls_failed, "TLS to " + peer + " cannot begin: " + last_reason());
  }
  if (auto prepared = prepare(made.get(), host, peer); !prepared) {
    return std::move(prepared).error();
  }
  return made.release();
}

Result<void> TlsContext::prepare(ssl_st* connection, const std::string& host,
                                 const std::string& peer) {
  X509_VERIFY_PARAM* rules = SSL_get0_param(connection);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set = is_address(host)
                       ? X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1
                       : X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size()) == 1 &&
                             SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
  static constexpr unsigned char protocols[] = "\x08http/1.1";
  if (!set || SSL_set_alpn_protos(connection, protocols, sizeof protocols - 1) != 0) {
    return Error(ErrorCode::tls_failed, "TLS to " + peer + " cannot begin: " + last_reason());
  }
  auto name = std::make_unique<std::string>(peer);
  if (SSL_set_ex_data(connection, peer_index(), name.get()) == 1) name.release();
  if (const auto known = impl_->sessions.find(peer); known != impl_->sessions.end()) {
    SSL_set_session(connection, known->second.get());
  }
  return {};
}

Error TlsContext::explain(ssl_st* connection, const boost::system::error_code& error,
                          const std::string& peer) {
  impl_->sessions.erase(peer);
  ERR_clear_error();
  if (const long verdict = SSL_get_verify_result(connection); verdict != X509_V_OK) {
    return Error(ErrorCode::certificate_rejected,
                 "the certificate of " + peer +
                     " was rejected: " + X509_verify_cert_error_string(verdict) + "; " +
                     std::string(mend_for(verdict)) + "; nothing was sent");
  }
  return Error(ErrorCode::tls_failed,
               "the TLS handshake with " + peer +
                   " failed (TLS 1.2 or later is needed): " + error.message());
}

bool TlsContext::verified(ssl_st* connection) noexcept {
  return SSL_get_verify_result(connection) == X509_V_OK &&
         SSL_get0_peer_certificate(connection) != nullptr;
}

}  // namespace posthaste::http

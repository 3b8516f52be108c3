#pragma once

/// What all TLS connections of one client share: the trust, the rules, and sessions to resume.
///
/// TLS 1.2 at least. The certificate chain and the host's name (or address) are always verified;
/// there is no switch against it. A CA file adds to the system's trust, it never replaces it. The
/// system's trust is OpenSSL's default, which honours SSL_CERT_FILE and SSL_CERT_DIR.
///
/// Threads:  create() on any; the rest on the io thread only.
/// Blocking: create() reads the files; the rest never.
/// Full:     32 sessions are kept; a further one displaces another.

#include <memory>
#include <string>

#include <posthaste/result.h>

struct ssl_st;
namespace boost::system {
class error_code;
}

namespace posthaste::http {

/// Files in PEM; empty: none.
struct TlsFiles {
  std::string authorities;         // one or several certificates, trusted besides the system's
  std::string client_certificate;  // shown to a server that asks for one; its chain behind it
  std::string client_key;          // of that certificate, without a pass phrase
};

class TlsContext {
public:
  /// Fails with `invalid_setting` if a file cannot be used, naming it.
  static Result<std::shared_ptr<TlsContext>> create(const TlsFiles& files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// A new one, the caller's to free, before its handshake: it demands a certificate for `host`,
  /// names it to the server, and offers to resume the last session with `peer` ("host:port"). Fails
  /// with `tls_failed`.
  Result<ssl_st*> connection(const std::string& host, const std::string& peer);

  /// After a handshake that failed with `error`: `certificate_rejected` or `tls_failed`, with the
  /// reason and the mend. Forgets the session with `peer`.
  Error explain(ssl_st* connection, const boost::system::error_code& error,
                const std::string& peer);

  /// After one that succeeded, once more and without trust in anybody's callbacks: was the
  /// certificate verified?
  static bool verified(ssl_st* connection) noexcept;

private:
  struct Impl;
  Result<void> prepare(ssl_st* connection, const std::string& host, const std::string& peer);
  explicit TlsContext(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace posthaste::http

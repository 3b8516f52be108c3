#pragma once

/// Certificates for tests, made when the test runs: an authority of its own and whatever it signs,
/// good or bad. Nothing here is ever written to the tree, and nothing expires with it.
///
/// Threads:  ordinary values. Failures of OpenSSL throw std::runtime_error: a test may end so.

#include <memory>
#include <string>
#include <vector>

namespace posthaste::testing_support {

struct CertificateRequest {
  std::vector<std::string> names = {"localhost"};  // DNS names and IP addresses
  bool expired = false;
};

/// Private key and certificate, as PEM.
struct Certificate {
  std::string certificate, key;
};

class TestAuthority {
public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(TestAuthority&&) noexcept;

  Certificate issue(const CertificateRequest& request) const;

  /// The authority's own certificate.
  const std::string& pem() const noexcept { return pem_; }
  /// A file that holds it, removed with this object.
  const std::string& file() const noexcept { return file_; }

private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string pem_, file_;
};

}  // namespace posthaste::testing_support

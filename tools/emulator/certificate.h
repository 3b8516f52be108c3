#pragma once

/// Certificates for the emulator's HTTPS port: an authority that may vouch for this machine's
/// loopback names and nothing else, kept in a directory so that clients trust it once, and server
/// certificates made from it on each start.
///
///   <directory>/ca.pem      what clients trust       <directory>/ca-key.pem   mode 0600
///
/// Threads:  none. Blocks for file access.
/// Failure:  an Error that names the file; nothing is left half written.

#include "runtime/base/clock.h"

#include <posthaste/result.h>

#include <memory>
#include <string>
#include <vector>

namespace posthaste::tools {

struct ServerCertificate {
  std::string chain;  // PEM, the leaf first
  std::string key;    // PEM
};

class CertificateAuthority {
public:
  /// Reads the authority in `directory` or makes one there, also when it ends within 30 days.
  static Result<CertificateAuthority> open(const std::string& directory, WallTime now);

  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  /// Where ca.pem is, for people and clients.
  const std::string& path() const noexcept { return path_; }

  /// Valid for `names` (DNS names or addresses) between the two times.
  Result<ServerCertificate> issue(const std::vector<std::string>& names, WallTime from,
                                  WallTime until) const;

private:
  struct Parts;
  CertificateAuthority(std::string path, std::unique_ptr<Parts> parts);

  std::string path_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace posthaste::tools

#pragma once

/// The TLS side of the emulator's HTTPS port: one context as it should be, and one for each fault
/// that a client must refuse.
///
/// Threads: one. All contexts are made at the start, about a millisecond each.

#include "tools/emulator/certificate.h"
#include "tools/emulator/fault.h"

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <memory>

namespace posthaste::tools {

class ServerTls {
public:
  static Result<ServerTls> open(const std::string& directory, WallTime now);

  const std::string& ca_path() const noexcept { return authority_.path(); }
  boost::asio::ssl::context& context(TlsFault fault);

private:
  ServerTls(CertificateAuthority authority, WallTime now)
      : authority_(std::move(authority)), started_(now) {}
  Result<void> make(TlsFault fault);

  CertificateAuthority authority_;
  WallTime started_;
  std::array<std::unique_ptr<boost::asio::ssl::context>, 4> contexts_;  // by TlsFault
};

}  // namespace posthaste::tools

#pragma once

/// One TCP connection, plain or with TLS over it: it moves bytes and knows nothing of HTTP.
///
///   connect ──► [proxy: write, read] ──► [handshake] ──► write, read_some ... ──► close
///
/// Used by one Exchange at a time, and kept by the ConnectionPool in between.
///
/// Threads:  the io thread only.
/// Blocking: never. There are no deadlines in here: whoever waits too long closes, and the call
/// that
///           was under way ends with `connection_lost`.
/// Calls:    one at a time; each calls `done` once, later, also after close() or destruction.
/// Signals:  writing to a closed peer is an error, never a SIGPIPE.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <posthaste/result.h>
#include "runtime/http/io_loop.h"
#include "runtime/http/tls.h"

namespace posthaste::http {

class Connection {
public:
  using Done = std::function<void(Result<void>)>;
  using Read = std::function<void(Result<std::size_t>)>;  // 0: the peer has closed in good order
  using Buffers = std::vector<std::span<const std::byte>>;

  /// `peer` names the other side in messages, and its TLS sessions: "host:port".
  Connection(std::shared_ptr<IoLoop> loop, std::string peer);
  /// Closes.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// `address`: an IP address. Fails with `connect_failed`. The socket is not inherited by programs
  /// that the host starts, sends without delay, and gives up when unacknowledged for 30 s.
  void connect(const std::string& address, std::uint16_t port, Done done);

  /// TLS as a client of `host`, whose certificate must be for it. Fails with `certificate_rejected`
  /// or `tls_failed`.
  void handshake(std::shared_ptr<TlsContext> tls, const std::string& host, Done done);

  /// All of `buffers`, in order. Success: the kernel has taken the last byte. Failure: it has not.
  void write(Buffers buffers, Done done);

  /// At least one byte into `room` (not empty). A TLS peer that hangs up without saying so is an
  /// error, as somebody may have cut the answer short.
  void read_some(std::span<std::byte> room, Read done);

  /// While idle: has the peer neither closed nor sent anything?
  bool is_quiet() const noexcept;

  void close() noexcept;

  /// Closes by a reset: what the peer has not taken yet is not sent any more. For what will be sent
  /// again: the system would go on with it for minutes, and a slow peer would get it twice.
  void abandon() noexcept;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // also held by calls under way
};

}  // namespace posthaste::http

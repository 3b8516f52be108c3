#pragma once

/// A server on loopback that does to each connection what a test's script says: answer well, badly,
/// late or not at all, with TLS or without. It also counts, so that a test can hold what the client
/// says against what a server saw.
///
///   TlsServer server({.certificate = authority.issue({})}, [](ServerConnection& connection) {
///     while (auto request = connection.read_request()) connection.answer(200, "{}");
///   });
///   post to "https://localhost:" + std::to_string(server.port())
///
/// Threads:  one that accepts and one for each connection, all with SIGPIPE blocked; the script
/// runs
///           on the connection's. The destructor cuts all connections and joins.
/// Blocking: no read or write of a script waits longer than ten seconds, or than the server lives.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/test_certificates.h"

namespace posthaste::testing_support {

enum class Transport : std::uint8_t {
  tls,
  tls_1_1_only,
  silent_tls,  // accepts, and never answers the handshake
  plain,
};

struct ServerOptions {
  Transport transport = Transport::tls;
  Certificate certificate = {};  // for tls
  // For tls: PEM of who must have signed the client's certificate; empty: none is asked for.
  std::string client_authority = {};
};

struct ServerRequest {
  std::string head;  // request line and headers, as received
  std::string body;
  std::string first_line() const { return head.substr(0, head.find("\r\n")); }
  /// The value of a header (name in lower case); empty if there is none.
  std::string header(std::string_view name) const;
};

class ServerConnection {
public:
  ~ServerConnection();

  /// The next request with its body; nothing once the client has closed.
  std::optional<ServerRequest> read_request();
  /// The next request's head only; its body stays unread.
  std::optional<ServerRequest> read_head();
  /// Exactly `count` bytes of what comes; false if the client closed before.
  bool read_exactly(std::size_t count);

  bool send(std::string_view bytes);
  /// A well-formed answer; `headers` are whole lines, each with "\r\n".
  bool answer(int status, std::string_view body = "", std::string_view headers = "");

  /// RST: what was sent may be lost.
  void reset();
  /// Takes no bytes and sends none until the client closes or the server stops.
  void wait_for_close();
  /// A tunnel: passes bytes both ways to a port on loopback until either side closes.
  void splice_to(std::uint16_t port);

  std::size_t number() const noexcept { return number_; }  // 1 = the server's first connection
  bool resumed() const noexcept;                           // the TLS session of an earlier one

private:
  friend class TlsServer;
  struct State;
  ServerConnection(std::unique_ptr<State> state, std::size_t number);
  bool read_more();

  const std::unique_ptr<State> state_;
  const std::size_t number_;
  std::string unread_;
};

class TlsServer {
public:
  using Script = std::function<void(ServerConnection&)>;

  TlsServer(ServerOptions options, Script script);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  /// "https://host:port/v2.1/track", or http when plain.
  std::string url(std::string_view host = "localhost") const;

  std::size_t connections() const noexcept { return connections_; }
  /// Bytes that came above TLS (or TCP, when plain): 0 if the client never trusted this server.
  std::size_t bytes_received() const noexcept { return *bytes_received_; }

private:
  struct Tls;
  void accept_all();
  void serve(int fd, std::size_t number);

  const ServerOptions options_;
  const Script script_;
  std::unique_ptr<Tls> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  const std::shared_ptr<std::atomic<std::size_t>> bytes_received_;
  std::mutex mutex_;
  std::vector<int> open_;  // guarded by mutex_; each is closed by its own thread
  bool stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> servers_;
  std::thread acceptor_;
};

/// A port on loopback where nobody listens.
std::uint16_t port_without_listener();

}  // namespace posthaste::testing_support

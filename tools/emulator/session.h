#pragma once

/// One connection to the emulator, plain or TLS: reads requests, asks the Service, and writes the
/// answer the way the faults of the moment want it. Made by the listeners of emulator.cpp.
///
/// Threads:  the emulator's own; never blocks. Lives until its connection ends.
/// Memory:   a read buffer of 32 KiB, and a body within the common budget.
/// Overflow: a body over its cap gets 413, one that finds the budget spent 503.

#include "tools/emulator/body_buffer.h"
#include "tools/emulator/service.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <unordered_set>

namespace posthaste::tools {

class Session;

/// Which port the client chose. Faults touch no request that came by a port that only controls.
enum class SessionPort : std::uint8_t { common, otlp, control };

/// What all connections share. `sessions` are those that live; they enter and leave by themselves.
struct SessionWorld {
  static constexpr std::size_t most_sessions = 4096;

  Service& service;
  BodyBudget budget;
  std::unordered_set<Session*> sessions;
};

class Session {
public:
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Ends at once when no request is under way, else after its answer.
  virtual void close_when_idle() = 0;
  SessionPort port() const noexcept { return port_; }

protected:
  Session(SessionWorld& world, SessionPort port) : world_(world), port_(port) {
    world_.sessions.insert(this);
  }
  ~Session() { world_.sessions.erase(this); }

  SessionWorld& world_;

private:
  SessionPort port_;
};

using Socket = boost::asio::ip::tcp::socket;

void start_plain_session(Socket socket, SessionWorld& world, SessionPort port);
void start_tls_session(Socket socket, boost::asio::ssl::context& tls, SessionWorld& world);
/// Accepts and says nothing, until the client goes away.
void start_silent_session(Socket socket, SessionWorld& world);

}  // namespace posthaste::tools

#pragma once

/// Connections that wait for the next request to the same place, so that a handshake is paid once.
///
/// A connection that idled longer than the limit is closed: servers and middle boxes forget idle
/// ones, and a request that meets a closing connection cannot be told from one that was lost.
///
/// Threads:  the io thread only.
/// Blocking: never.
/// Full:     16 wait; a further one displaces the one that idled longest.

#include <chrono>
#include <deque>
#include <memory>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/http/connection.h"
#include "runtime/http/io_loop.h"

namespace posthaste::http {

class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
public:
  ConnectionPool(std::shared_ptr<IoLoop> loop, const Clock& clock,
                 std::chrono::milliseconds idle_limit);

  /// Takes a connection after a complete answer. `place`: whatever makes two connections equal.
  void put(std::string place, std::unique_ptr<Connection> connection);

  /// The one that idled shortest and that the peer has not closed; null if none.
  std::unique_ptr<Connection> take(const std::string& place);

  /// Closes all, now and later.
  void close();

private:
  struct Idle {
    std::string place;
    std::unique_ptr<Connection> connection;
    SteadyTime since;
  };
  void drop_old();
  void drop_old_later();

  const std::shared_ptr<IoLoop> loop_;
  const Clock& clock_;
  const std::chrono::milliseconds idle_limit_;
  std::deque<Idle> idle_;  // by time: the front idles longest
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace posthaste::http

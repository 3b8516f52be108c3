#pragma once

/// A port on 127.0.0.1 that can be closed for a while and opened again. While it is closed,
/// connections are refused; the number stays ours, as a second socket that never listens holds it.
///
/// Threads: the emulator's own.

#include <posthaste/result.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>

namespace posthaste::tools {

class Listener {
public:
  using Accept = std::function<void(boost::asio::ip::tcp::socket)>;

  Listener(boost::asio::io_context& io, Accept accept)
      : holder_(io), acceptor_(io), retry_(io), accept_(std::move(accept)) {}

  /// Takes `port`, 0 for any free one, and listens.
  Result<void> open(std::uint16_t port);
  std::uint16_t port() const noexcept { return port_; }
  void pause();
  void resume();

private:
  boost::system::error_code listen();
  void accept_next();

  boost::asio::ip::tcp::socket holder_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  Accept accept_;
  std::uint16_t port_ = 0;
};

}  // namespace posthaste::tools

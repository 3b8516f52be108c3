#pragma once

/// HTTP/1.1 on 127.0.0.1: accepts, reads requests, writes what the handler answers. Knows nothing
/// of shops or telemetry.
///
/// Threads:  whatever threads run the io_context; each connection stays on a strand of its own.
/// Limits:   bodies of 64 KiB; a connection that is idle for 60 s is closed.

#include "examples/shop/http_types.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

namespace shop {

/// Answers a request; must not throw.
using Handler = std::function<Task<Response>(Request)>;

class HttpServer {
public:
  /// Listens; throws boost::system::system_error when the port cannot be had. 0: any free one.
  HttpServer(boost::asio::io_context& io, std::uint16_t port, Handler handler);
  ~HttpServer();

  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  void start();
  /// Accepts no more; connections are closed once the request at hand is answered.
  void stop();

private:
  class Session;

  Task<void> accept();
  Task<void> serve(std::shared_ptr<Session> session);
  /// False when the server is stopping.
  bool admit(const std::shared_ptr<Session>& session);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Handler handler_;
  std::mutex mutex_;
  std::set<std::shared_ptr<Session>> sessions_;  // guarded by mutex_
  bool stopping_ = false;                        // guarded by mutex_
};

}  // namespace shop

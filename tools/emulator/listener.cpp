#include "tools/emulator/listener.h"

#include <sys/socket.h>

#include <string>

namespace posthaste::tools {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

tcp::endpoint loopback(std::uint16_t port) {
  return {boost::asio::ip::address_v4::loopback(), port};
}

Error cannot_listen(std::uint16_t port, const error_code& error) {
  return Error(ErrorCode::connect_failed, "cannot listen on 127.0.0.1:" + std::to_string(port) +
                                              ": " + error.message() +
                                              "; choose another port, or 0 for any");
}

/// SO_REUSEPORT below would share the port silently with another emulator of this user.
error_code probe(tcp::acceptor& acceptor, std::uint16_t port) {
  error_code error;
  acceptor.open(tcp::v4(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(loopback(port), error);
  if (!error) acceptor.listen(1, error);
  error_code ignored;
  acceptor.close(ignored);
  return error;
}

}  // namespace

Result<void> Listener::open(std::uint16_t port) {
  error_code error;
  if (port != 0) error = probe(acceptor_, port);
  if (!error) holder_.open(tcp::v4(), error);
  if (!error) holder_.set_option(ReusePort(true), error);
  if (!error) holder_.bind(loopback(port), error);
  if (!error) {
    port_ = holder_.local_endpoint(error).port();
    error = listen();
  }
  if (error) return cannot_listen(port, error);
  return {};
}

error_code Listener::listen() {
  error_code error;
  acceptor_.open(tcp::v4(), error);
  if (!error) acceptor_.set_option(ReusePort(true), error);
  if (!error) acceptor_.bind(loopback(port_), error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor_.close(ignored);
    return error;
  }
  accept_next();
  return error;
}

void Listener::accept_next() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (!acceptor_.is_open() || error == boost::asio::error::operation_aborted) return;
    if (!error) {
      accept_(std::move(socket));
      return accept_next();
    }
    // Out of descriptors, most likely: let some connections end first.
    retry_.expires_after(std::chrono::milliseconds(50));
    retry_.async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor_.is_open()) accept_next();
    });
  });
}

void Listener::pause() {
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
}

void Listener::resume() {
  if (acceptor_.is_open()) return;
  if (!listen()) return;
  retry_.expires_after(std::chrono::milliseconds(100));
  retry_.async_wait([this](error_code cancelled) {
    if (!cancelled) resume();
  });
}

}  // namespace posthaste::tools

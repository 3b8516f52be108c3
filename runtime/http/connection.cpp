#include "runtime/http/connection.h"

#include "runtime/base/file_descriptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <optional>

namespace posthaste::http {
namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

/// By TLS 1.3 a server says only after the handshake, in place of an answer, that it does not accept
/// who the client is. Then it has read nothing of the request.
bool refuses_the_client(const error_code& error) noexcept {
  if (error.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return true;
    default: return false;
  }
}

}  // namespace

struct Connection::Impl {
  Impl(std::shared_ptr<IoLoop> l, std::string p)
      : loop(std::move(l)), peer(std::move(p)), socket(loop->context()) {}

  const std::shared_ptr<IoLoop> loop;
  const std::string peer;
  tcp::socket socket;
  std::shared_ptr<TlsContext> tls;
  std::optional<asio::ssl::stream<tcp::socket&>> secure;

  Error lost(std::string_view doing, const error_code& error) const {
    if (refuses_the_client(error)) {
      return Error(ErrorCode::tls_failed,
                   peer + " accepts only clients that it knows (" + error.message() +
                       "): show it a client certificate that it trusts; nothing was taken");
    }
    return Error(ErrorCode::connection_lost, "the connection to " + peer + " was lost while " +
                                                 std::string(doing) + ": " + error.message());
  }

  Error not_connected(const std::string& address, const std::string& why) const {
    return Error(ErrorCode::connect_failed,
                 "no connection to " + peer + " (" + address + "): " + why);
  }

  error_code open(const tcp::endpoint& endpoint) {
    const int family = endpoint.protocol().family();
    const int fd =
        above_standard(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    if (fd < 0) return error_code(errno, boost::system::system_category());
    constexpr int yes = 1;
    constexpr unsigned unacknowledged_ms = 30'000;
    // Both only improve matters: a kernel that refuses them still connects.
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
    error_code error;
    socket.assign(endpoint.protocol(), fd, error);
    if (error) ::close(fd);
    return error;
  }

  void close() noexcept {
    // Marks the session as ended in good order, or OpenSSL would not resume it. The bytes that
    // would say so to the peer are not worth waiting for.
    if (secure)
      ::SSL_set_shutdown(secure->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    error_code ignored;  // nothing could be done about a socket that does not close
    socket.close(ignored);
  }
};

Connection::Connection(std::shared_ptr<IoLoop> loop, std::string peer)
    : impl_(std::make_shared<Impl>(std::move(loop), std::move(peer))) {}

Connection::~Connection() {
  close();
}

void Connection::connect(const std::string& address, std::uint16_t port, Done done) {
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  close();  // of an attempt at another address
  if (!error) error = impl_->open(endpoint);
  if (error) {
    asio::post(impl_->loop->context(),
               [done = std::move(done), failure = impl_->not_connected(address, error.message())] {
                 done(failure);
               });
    return;
  }
  impl_->socket.async_connect(
      endpoint, [impl = impl_, address, done = std::move(done)](error_code failed) {
        failed ? done(impl->not_connected(address, failed.message())) : done({});
      });
}

void Connection::handshake(std::shared_ptr<TlsContext> tls, const std::string& host, Done done) {
  impl_->tls = std::move(tls);
  auto made = impl_->tls->connection(host, impl_->peer);
  if (!made) {
    asio::post(impl_->loop->context(),
               [done = std::move(done), failure = std::move(made).error()] { done(failure); });
    return;
  }
  SSL* const ssl = *made;
  impl_->secure.emplace(impl_->socket, ssl);
  impl_->secure->async_handshake(
      asio::ssl::stream_base::client,
      [impl = impl_, ssl, done = std::move(done)](error_code error) {
        if (error) return done(impl->tls->explain(ssl, error, impl->peer));
        if (TlsContext::verified(ssl)) return done({});
        done(Error(ErrorCode::certificate_rejected,
                   "the certificate of " + impl->peer + " was not verified"));
      });
}

void Connection::write(Buffers buffers, Done done) {
  std::vector<asio::const_buffer> views;
  views.reserve(buffers.size());
  for (const auto& bytes : buffers) views.emplace_back(bytes.data(), bytes.size());
  const auto on_written = [impl = impl_, done = std::move(done)](error_code error, std::size_t) {
    error ? done(impl->lost("the request was sent", error)) : done({});
  };
  if (impl_->secure) {
    asio::async_write(*impl_->secure, views, on_written);
  } else {
    asio::async_write(impl_->socket, views, on_written);
  }
}

void Connection::read_some(std::span<std::byte> room, Read done) {
  const auto buffer = asio::buffer(room.data(), room.size());
  const auto on_read = [impl = impl_, done = std::move(done)](error_code error, std::size_t read) {
    if (read > 0) return done(read);
    if (error == asio::error::eof) return done(std::size_t{0});
    done(impl->lost("an answer was awaited", error));
  };
  if (impl_->secure) {
    impl_->secure->async_read_some(buffer, on_read);
  } else {
    impl_->socket.async_read_some(buffer, on_read);
  }
}

bool Connection::is_quiet() const noexcept {
  char byte;
  const auto socket = impl_->socket.native_handle();
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Connection::close() noexcept {
  impl_->close();
}

void Connection::abandon() noexcept {
  error_code ignored;  // of a socket that is closed already
  impl_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  impl_->close();
}

}  // namespace posthaste::http

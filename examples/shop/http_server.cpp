#include "examples/shop/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <utility>

namespace shop {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t longest_body = 64 * 1024;

}  // namespace

/// One connection; used on its strand only.
class HttpServer::Session {
public:
  explicit Session(tcp::socket socket) : stream_(std::move(socket)) {}

  auto executor() { return stream_.get_executor(); }

  /// False at the end of the connection.
  Task<bool> read(Request& request) {
    if (closing_) co_return false;
    http::request_parser<http::string_body> parser;
    parser.body_limit(longest_body);
    stream_.expires_after(60s);
    reading_ = true;
    const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, as_result);
    reading_ = false;
    if (error) co_return false;
    request = parser.release();
    co_return true;
  }

  /// False when the connection ends behind it.
  Task<bool> write(const Response& response) {
    stream_.expires_after(60s);
    const auto [error, size] = co_await http::async_write(stream_, response, as_result);
    co_return !error && response.keep_alive();
  }

  void close_when_idle() {
    closing_ = true;
    if (reading_) stream_.cancel();
  }
  bool closing() const noexcept { return closing_; }

  void end() {
    beast::error_code ignored;  // the client may have gone first
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

private:
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{2 * longest_body};
  bool reading_ = false;
  bool closing_ = false;
};

HttpServer::HttpServer(asio::io_context& io, std::uint16_t port, Handler handler)
    : io_(io),
      acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), port)),
      handler_(std::move(handler)) {}

HttpServer::~HttpServer() = default;

void HttpServer::start() {
  asio::co_spawn(acceptor_.get_executor(), accept(), asio::detached);
}

void HttpServer::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  asio::post(acceptor_.get_executor(), [this] { acceptor_.close(); });
  for (const std::shared_ptr<Session>& session : sessions_) {
    asio::post(session->executor(), [session] { session->close_when_idle(); });
  }
}

bool HttpServer::admit(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  sessions_.insert(session);
  return true;
}

Task<void> HttpServer::accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::make_strand(io_), as_result);
    if (!acceptor_.is_open()) co_return;
    if (error) continue;
    const auto session = std::make_shared<Session>(std::move(socket));
    if (!admit(session)) co_return;
    asio::co_spawn(session->executor(), serve(session), asio::detached);
  }
}

Task<void> HttpServer::serve(std::shared_ptr<Session> session) {
  Request request;
  while (co_await session->read(request)) {
    const bool keep = request.keep_alive();
    const unsigned version = request.version();
    Response response = co_await handler_(std::move(request));
    response.version(version);
    response.keep_alive(keep && !session->closing());
    response.prepare_payload();
    if (!co_await session->write(response)) break;
    request = {};
  }
  session->end();
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

}  // namespace shop

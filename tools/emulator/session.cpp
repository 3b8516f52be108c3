#include "tools/emulator/session.h"

#include "tools/emulator/answer_wire.h"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

namespace posthaste::tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;
using boost::system::error_code;

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr auto handshake_limit = 10s;
constexpr auto idle_limit = 600s;
constexpr auto progress_limit = 60s;
constexpr auto linger_limit = 2s;
constexpr std::uint32_t header_limit = 24U << 10;
constexpr std::size_t read_ahead = 32UL << 10;  // bytes asked for at once
constexpr std::size_t read_step = 1UL << 20;    // of a body, within the progress limit
constexpr std::size_t mid_request_bytes = 512;

std::string_view view(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

template <class Parser>
RequestHead head_of(const Parser& parser) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = view(message.method_string());
  head.path = view(message.target()).substr(0, message.target().find('?'));
  head.host = view(message[http::field::host]);
  head.origin = view(message[http::field::origin]);
  head.encoding = view(message[http::field::content_encoding]);
  head.content_type = view(message[http::field::content_type]);
  return head;
}

template <class Stream>
class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession<Stream>> {
public:
  template <class... Tls>
  HttpSession(SessionWorld& world, SessionPort port, Socket socket, Tls&... tls)
      : Session(world, port),
        stream_(std::move(socket), tls...),
        timer_(stream_.get_executor()),
        body_(world.budget) {
    buffer_.reserve(read_ahead);  // Beast reads no more at once than the buffer holds
  }

  void start() {
    error_code ignored;
    lowest().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      lowest().expires_after(handshake_limit);
      stream_.async_handshake(asio::ssl::stream_base::server, [self = self()](error_code error) {
        if (!error) self->next_request();
      });
    } else {
      next_request();
    }
  }

  void close_when_idle() override {
    closing_ = true;
    if (idle_) lowest().close();
  }

private:
  using Parser = http::request_parser<http::buffer_body>;

  auto self() { return this->shared_from_this(); }
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  void next_request() {
    if (closing_) return linger();
    parser_.emplace();
    parser_->header_limit(header_limit);
    parser_->body_limit(boost::none);  // counted here, with the budget
    body_.clear();
    idle_ = true;
    lowest().expires_after(idle_limit);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = self()](error_code error, std::size_t) { self->on_header(error); });
  }

  void on_header(error_code error) {
    idle_ = false;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse(error_reply(431, "headers are too large"));
    }
    if (error && error.category() == make_error_code(http::error::bad_version).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return refuse(error_reply(400, "not HTTP: " + error.message()));
    }
    if (error) return close();
    head_ = head_of(*parser_);
    effect_ = {};
    if (const auto kind = head_.ingests(); kind && port() != SessionPort::control) {
      effect_ = world_.service.faults().at_request(world_.service.clock().steady(), *kind);
    }
    if (effect_.cut == CutPoint::before_request) return cut();
    if (parser_->content_length().value_or(0) > body_cap()) return refuse_body();
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return go_on();
    read_body();
  }

  std::size_t body_cap() const {
    return head_.encoding.empty() ? longest_body : longest_compressed_body;
  }

  void go_on() {
    write("HTTP/1.1 100 Continue\r\n\r\n", [](HttpSession& session) { session.read_body(); });
  }

  void read_body() {
    if (effect_.cut == CutPoint::mid_request && body_.size() > 0) return cut();
    if (parser_->is_done()) return on_request();
    if (body_.size() > body_cap()) return refuse_body();
    std::span<char> room = body_.room();
    if (room.empty()) return refuse(error_reply(503, "too many bodies at once"));
    room = room.first(std::min({room.size(), read_step, body_cap() + 1 - body_.size()}));
    if (effect_.tarpit != 0) room = room.first(std::min<std::size_t>(room.size(), effect_.tarpit));
    if (effect_.cut == CutPoint::mid_request) {
      room = room.first(std::min(room.size(), mid_request_bytes));
    }
    auto& target = parser_->get().body();
    target.data = room.data();
    target.size = room.size();
    target.more = true;
    lowest().expires_after(progress_limit);
    http::async_read(stream_, buffer_, *parser_,
                     [self = self(), offered = room.size()](error_code error, std::size_t) {
                       self->on_body(error, offered);
                     });
  }

  void on_body(error_code error, std::size_t offered) {
    if (error && error != http::error::need_buffer) return close();
    body_.commit(offered - parser_->get().body().size);
    if (effect_.tarpit == 0) return read_body();
    wait(1s, [this] { read_body(); });
  }

  void on_request() {
    Reply reply = world_.service.answer(head_, body_.text(), effect_);
    const bool silent = effect_.blackhole || effect_.cut != CutPoint::none;
    if (const auto kind = head_.ingests()) {
      world_.service.answered(*kind, silent ? 0 : reply.status);
    }
    if (effect_.blackhole) return discard();
    if (effect_.cut == CutPoint::after_request) return wait(effect_.delay, [this] { cut(); });
    keep_alive_ = parser_->keep_alive() && !closing_;
    wire_ = to_wire(reply, keep_alive_, effect_.bad_answer);
    keep_alive_ &= effect_.bad_answer == BadAnswer::none;
    wait(effect_.delay, [this] { send(); });
  }

  /// The request cannot be read to its end, so neither can the connection be used again.
  void refuse(const Reply& reply) {
    effect_ = {};
    keep_alive_ = false;
    wire_ = to_wire(reply, false, BadAnswer::none);
    send();
  }

  void refuse_body() {
    constexpr std::string_view text = "the body is too large";
    const auto kind = head_.ingests();
    if (kind) world_.service.answered(*kind, 413);
    if (kind == IntakeKind::track) world_.service.intake().tally().request(body_.size(), 0, 0);
    refuse(kind == IntakeKind::otlp ? otlp_refusal(otlp_format_of(head_.content_type), 413, text)
                                    : error_reply(413, text));
  }

  void send() {
    lowest().expires_never();
    if (effect_.drip) return drip(0);
    std::string_view part = wire_.head;
    if (effect_.cut == CutPoint::mid_answer) part = part.substr(0, part.size() / 2);
    write(part, [](HttpSession& session) {
      session.effect_.cut == CutPoint::mid_answer ? session.cut() : session.send_blocks();
    });
  }

  void send_blocks() {
    if (wire_.repeats == 0) return on_sent();
    --wire_.repeats;
    write(wire_.block, [](HttpSession& session) { session.send_blocks(); });
  }

  void drip(std::size_t at) {
    if (at == wire_.head.size()) return on_sent();
    write(std::string_view(wire_.head).substr(at, 1), [at](HttpSession& session) {
      session.wait(*session.effect_.drip, [&session, at] { session.drip(at + 1); });
    });
  }

  void on_sent() {
    if (keep_alive_) return next_request();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      lowest().expires_after(linger_limit);
      stream_.async_shutdown([self = self()](error_code) { self->linger(); });
    } else {
      linger();
    }
  }

  // A close with unread bytes would reset the connection, and the answer with it.
  void linger() {
    error_code ignored;
    lowest().socket().shutdown(Socket::shutdown_send, ignored);
    lowest().expires_after(linger_limit);
    drain();
  }

  void drain() {
    lowest().async_read_some(asio::buffer(waste_), [self = self()](error_code error, std::size_t) {
      error ? self->close() : self->drain();
    });
  }

  void discard() {
    lowest().expires_never();
    drain();
  }

  void cut() {
    error_code ignored;
    if (effect_.reset) {
      lowest().socket().set_option(asio::socket_base::linger(true, 0), ignored);
    }
    close();
  }

  void close() { lowest().close(); }

  /// What comes next is given as one type: each type of handler costs seconds of compiling.
  void write(std::string_view bytes, std::function<void(HttpSession&)> next) {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [self = self(), next = std::move(next)](error_code error, std::size_t) {
                        error ? self->close() : next(*self);
                      });
  }

  /// Goes on after `delay`; at once when it is none.
  template <class Next>
  void wait(std::chrono::milliseconds delay, Next next) {
    if (delay == 0ms) return next();
    lowest().expires_never();
    timer_.expires_after(delay);
    timer_.async_wait([self = self(), next = std::move(next)](error_code error) {
      if (!error) next();
    });
  }

  Stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{read_ahead};
  std::optional<Parser> parser_;
  BodyBuffer body_;
  RequestHead head_;
  FaultEffect effect_;
  AnswerWire wire_;
  std::array<char, 4096> waste_;
  bool keep_alive_ = false;
  bool closing_ = false;
  bool idle_ = false;
};

class SilentSession final : public Session, public std::enable_shared_from_this<SilentSession> {
public:
  SilentSession(Socket socket, SessionWorld& world)
      : Session(world, SessionPort::common), socket_(std::move(socket)) {}

  void drain() {
    socket_.async_read_some(asio::buffer(waste_),
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->drain();
                            });
  }
  void close_when_idle() override {
    error_code ignored;
    socket_.close(ignored);
  }

private:
  Socket socket_;
  std::array<char, 4096> waste_;
};

}  // namespace

void start_plain_session(Socket socket, SessionWorld& world, SessionPort port) {
  std::make_shared<HttpSession<PlainStream>>(world, port, std::move(socket))->start();
}

void start_tls_session(Socket socket, asio::ssl::context& tls, SessionWorld& world) {
  std::make_shared<HttpSession<TlsStream>>(world, SessionPort::common, std::move(socket), tls)
      ->start();
}

void start_silent_session(Socket socket, SessionWorld& world) {
  std::make_shared<SilentSession>(std::move(socket), world)->drain();
}

}  // namespace posthaste::tools

#include "runtime/http/exchange.h"

#include <span>
#include <utility>

namespace posthaste::http {
namespace {

constexpr std::size_t most_addresses = 4;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string within(std::chrono::nanoseconds limit) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
  return " within " + std::to_string(ms.count()) + " ms";
}

}  // namespace

Exchange::Exchange(std::shared_ptr<Network> network, std::shared_ptr<const Request> request,
                   Url url, Done done)
    : network_(std::move(network)),
      request_(std::move(request)),
      url_(std::move(url)),
      proxy_(network_->proxies.proxy_for(url_)),
      done_(std::move(done)) {}

std::string Exchange::place() const {
  return proxy_ == nullptr ? url_.origin() : url_.origin() + " by " + proxy_->origin();
}

std::string Exchange::peer() const {
  return proxy_ == nullptr ? url_.host_and_port()
                           : url_.host_and_port() + " by proxy " + proxy_->host_and_port();
}

void Exchange::begin() {
  connection_ = network_->pool->take(place());
  reused_ = connection_ != nullptr;
  reused_ ? write() : connect_anew();
}

void Exchange::connect_anew() {
  connection_ = std::make_unique<Connection>(network_->loop, peer());
  // Weakly, as a look-up may hang for ever, and what has ended by then must not be kept by it.
  network_->resolver.resolve((proxy_ != nullptr ? *proxy_ : url_).host(), request_->phases.resolve,
                             [weak = weak_from_this()](Result<Addresses> addresses) {
                               const auto self = weak.lock();
                               if (self != nullptr && self->done_) {
                                 self->on_addresses(std::move(addresses));
                               }
                             });
}

void Exchange::on_addresses(Result<Addresses> addresses) {
  if (!addresses) {
    return proxy_ != nullptr ? fail_at_proxy(addresses.error()) : fail(addresses.error());
  }
  addresses_ = std::move(*addresses);
  if (addresses_.size() > most_addresses) addresses_.resize(most_addresses);
  next_address_ = 0;
  connect_next();
}

void Exchange::connect_next() {
  const std::string& address = addresses_[next_address_++];
  const auto limit = std::chrono::nanoseconds(request_->phases.connect) /
                     static_cast<std::int64_t>(addresses_.size());
  attempt_error_.reset();
  phase_ = network_->loop->after(limit, [self = shared_from_this(), address, limit] {
    self->attempt_error_.emplace(
        ErrorCode::request_timed_out,
        "no connection to " + self->peer() + " (" + address + ")" + within(limit));
    self->connection_->close();
  });
  calling_ = true;
  connection_->connect(
      address, (proxy_ != nullptr ? *proxy_ : url_).port(),
      [self = shared_from_this()](Result<void> connected) { self->on_connected(connected); });
}

void Exchange::on_connected(Result<void> connected) {
  disarm();
  if (!goes_on()) return;
  if (connected && !attempt_error_) return by_tunnel() ? ask_for_tunnel() : begin_tls();
  if (next_address_ < addresses_.size()) return connect_next();
  if (!attempt_error_) attempt_error_ = connected.error();
  proxy_ != nullptr ? fail_at_proxy(*attempt_error_) : fail(*attempt_error_);
}

void Exchange::ask_for_tunnel() {
  head_ = tunnel_head(url_, network_->user_agent, proxy_authorization(*proxy_));
  arm(request_->phases.connect, ErrorCode::proxy_failed, "the proxy did not open the tunnel");
  calling_ = true;
  connection_->write({bytes_of(head_)}, [self = shared_from_this()](Result<void> written) {
    if (!self->goes_on()) return;
    if (!written) return self->fail_at_proxy(written.error());
    self->reader_.emplace(self->network_->limits, ResponseReader::Kind::tunnel, self->peer());
    self->read(&Exchange::on_tunnel);
  });
}

void Exchange::on_tunnel() {
  disarm();
  const int status = reader_->status();
  if (status / 100 == 2 && !reader_->left_over()) {
    reader_.reset();
    return begin_tls();
  }
  std::string why = "it answered " + std::to_string(status) + " to CONNECT " + url_.host_and_port();
  if (status == 407) why += "; check the user name and password in the proxy setting";
  if (reader_->left_over()) why += " and sent bytes before it was asked to";
  reader_.reset();
  fail_at_proxy(Error(ErrorCode::proxy_failed, why));
}

void Exchange::begin_tls() {
  if (!url_.secure()) return write();
  if (network_->tls == nullptr) {
    return fail(Error(ErrorCode::tls_failed, peer() + ": this client speaks no TLS"));
  }
  arm(request_->phases.handshake, ErrorCode::request_timed_out,
      "the TLS handshake was not completed");
  calling_ = true;
  connection_->handshake(network_->tls, url_.host(),
                         [self = shared_from_this()](Result<void> secured) {
                           self->disarm();
                           if (!self->goes_on()) return;
                           secured ? self->write() : self->fail(secured.error());
                         });
}

void Exchange::write() {
  const std::string credentials = by_proxy() ? proxy_authorization(*proxy_) : std::string();
  head_ = request_head(*request_, url_, {network_->user_agent, by_proxy(), credentials});
  Connection::Buffers buffers{bytes_of(head_)};
  buffers.insert(buffers.end(), request_->body.begin(), request_->body.end());
  arm(request_->phases.write, ErrorCode::request_timed_out, "the server did not take the request");
  calling_ = true;
  connection_->write(std::move(buffers), [self = shared_from_this()](Result<void> written) {
    self->on_written(std::move(written));
  });
}

void Exchange::on_written(Result<void> written) {
  sent_ = written.has_value();
  if (!goes_on()) return;
  if (!written) write_error_ = std::move(written).error();
  ResponseLimits limits = network_->limits;
  limits.body = request_->answer_limit.value_or(limits.body);
  reader_.emplace(limits, ResponseReader::Kind::answer, peer());
  arm(request_->phases.first_byte, ErrorCode::request_timed_out, "the server did not answer");
  read(&Exchange::on_answer);
}

void Exchange::read(Step when_whole) {
  calling_ = true;
  connection_->read_some(reader_->room(),
                         [self = shared_from_this(), when_whole](Result<std::size_t> count) {
                           self->on_read(std::move(count), when_whole);
                         });
}

void Exchange::on_read(Result<std::size_t> count, Step when_whole) {
  if (!goes_on()) return;
  const bool for_tunnel = when_whole == &Exchange::on_tunnel;
  if (count && *count > 0 && !for_tunnel) disarm();  // from here on, the total alone
  const auto progress = !count        ? Result<ResponseReader::Progress>(count.error())
                        : *count == 0 ? reader_->end()
                                      : reader_->commit(*count);
  if (!progress) {
    if (for_tunnel) return fail_at_proxy(progress.error());
    const bool refused = progress.error().code() == ErrorCode::tls_failed;
    if (!try_afresh()) fail(write_error_ && !refused ? *write_error_ : progress.error());
  } else if (*progress == ResponseReader::Progress::more) {
    read(when_whole);
  } else {
    (this->*when_whole)();
  }
}

bool Exchange::try_afresh() {
  if (!reused_ || sent_ || reader_->begun()) return false;
  disarm();
  reused_ = false;
  write_error_.reset();
  reader_.reset();
  connect_anew();
  return true;
}

void Exchange::on_answer() {
  const int status = reader_->status();
  if (status == 407 && by_proxy()) {
    return fail_at_proxy(Error(ErrorCode::proxy_failed,
                               "it answered 407; check the user name and password in the proxy "
                               "setting"));
  }
  if (sent_ && reader_->reusable()) network_->pool->put(place(), std::move(connection_));
  finish({std::move(*reader_).take(url_), false, status});
}

void Exchange::arm(std::chrono::nanoseconds limit, ErrorCode code, std::string_view what) {
  disarm();
  phase_ = network_->loop->after(
      limit, [self = shared_from_this(), code, limit, what = std::string(what)] {
        self->abort(Error(code, std::string(to_string(self->request_->method)) + " to " +
                                    self->peer() + ": " + what + within(limit)));
      });
}

void Exchange::disarm() {
  network_->loop->cancel(std::exchange(phase_, TimerId::none));
}

bool Exchange::goes_on() {
  calling_ = false;
  if (!why_) return true;
  fail(*why_);
  return false;
}

void Exchange::abort(Error why) {
  if (!done_) return;
  if (!why_) why_ = std::move(why);
  // What a call to the connection has achieved is known only when it returns.
  calling_ ? connection_->abandon() : fail(*why_);
}

void Exchange::fail(Error error) {
  if (connection_ != nullptr) connection_->abandon();
  // A server that refuses the client in the handshake has read nothing, whatever was sent.
  const bool ambiguous = sent_ && error.code() != ErrorCode::tls_failed;
  finish({std::move(error), ambiguous, reader_ ? reader_->status() : 0});
}

void Exchange::fail_at_proxy(const Error& error) {
  fail(Error(ErrorCode::proxy_failed,
             "the proxy " + proxy_->host_and_port() + " cannot be used: " + error.message()));
}

void Exchange::finish(Outcome outcome) {
  disarm();
  connection_.reset();
  std::exchange(done_, nullptr)(std::move(outcome));
}

}  // namespace posthaste::http

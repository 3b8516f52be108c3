#pragma once

/// Asks the payment service to charge a card: a client span around a real HTTP request, which
/// carries the trace on in `traceparent`. A connection for each request.

#include "examples/shop/http_types.h"
#include "examples/shop/instruments.h"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace shop {

class PaymentClient {
public:
  explicit PaymentClient(Instruments& instruments) : instruments_(instruments) {}

  /// Where the service listens; before the first call.
  void connect_to(const boost::asio::ip::tcp::endpoint& service);

  /// Whether the card was charged. Throws boost::system::system_error when the service does not
  /// answer within 5 s.
  Task<bool> charge(std::int64_t cents, const posthaste::Context& parent);

private:
  Request request_for(std::int64_t cents, const posthaste::Context& span) const;
  Task<Response> send(const Request& request) const;

  Instruments& instruments_;
  boost::asio::ip::tcp::endpoint service_;
  std::string host_;  // "127.0.0.1:8080"
};

}  // namespace shop

#include "examples/shop/payment_client.h"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>

namespace shop {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using posthaste::Context;
using posthaste::SpanKind;
using posthaste::StatusCode;

void PaymentClient::connect_to(const asio::ip::tcp::endpoint& service) {
  service_ = service;
  host_ = service.address().to_string() + ':' + std::to_string(service.port());
}

Task<bool> PaymentClient::charge(std::int64_t cents, const Context& parent) {
  const std::string url = "http://" + host_ + "/payments";
  posthaste::Span span = instruments_.tracer().start_span(
      "POST /payments", {.kind = SpanKind::client,
                         .parent = &parent,
                         .attributes = {{"http.request.method", "POST"},
                                        {"url.full", url},
                                        {"server.address", service_.address().to_string()},
                                        {"server.port", service_.port()}}});
  try {
    const Request request = request_for(cents, span.context());
    const Response response = co_await send(request);
    span.set_attribute("http.response.status_code", response.result_int());
    if (response.result_int() >= 400) span.set_status(StatusCode::error);
    instruments_.end(span, SpanKind::client);
    co_return response.result() == status::ok;
  } catch (...) {
    instruments_.exception(span, std::current_exception());
    instruments_.end(span, SpanKind::client);
    throw;
  }
}

Request PaymentClient::request_for(std::int64_t cents, const Context& span) const {
  Request request{verb::post, "/payments", 11};
  request.set(http::field::host, host_);
  request.set(http::field::content_type, "application/json");
  request.keep_alive(false);
  posthaste::inject(span, [&request](std::string_view name, std::string_view value) {
    request.set(name, value);
  });
  request.body() = boost::json::serialize(boost::json::value{{"cents", cents}});
  request.prepare_payload();
  return request;
}

Task<Response> PaymentClient::send(const Request& request) const {
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(std::chrono::seconds(5));
  co_await stream.async_connect(service_, asio::use_awaitable);
  co_await http::async_write(stream, request, asio::use_awaitable);
  beast::flat_buffer buffer;
  Response response;
  co_await http::async_read(stream, buffer, response, asio::use_awaitable);
  co_return response;
}

}  // namespace shop

#pragma once

/// The words of HTTP as the shop uses them.

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/fwd.hpp>

#include <string_view>

namespace shop {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<boost::beast::http::string_body>;
using boost::beast::http::status;
using boost::beast::http::verb;

template <class T>
using Task = boost::asio::awaitable<T>;

/// The value of a header; empty if it is absent.
inline std::string_view header(const Request& request, std::string_view name) {
  const auto found = request.find(name);
  if (found == request.end()) return {};
  return {found->value().data(), found->value().size()};
}

inline std::string_view target_of(const Request& request) {
  return {request.target().data(), request.target().size()};
}
inline std::string_view method_of(const Request& request) {
  return {request.method_string().data(), request.method_string().size()};
}

Response json_response(status code, const boost::json::value& body);
/// {"error": text}
Response error_response(status code, std::string_view text);

}  // namespace shop

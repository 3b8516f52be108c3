#include "examples/shop/http_types.h"

#include <boost/beast/http/field.hpp>
#include <boost/json.hpp>

namespace shop {

Response json_response(status code, const boost::json::value& body) {
  Response response;
  response.result(code);
  response.set(boost::beast::http::field::content_type, "application/json");
  response.body() = boost::json::serialize(body);
  return response;
}

Response error_response(status code, std::string_view text) {
  return json_response(code, {{"error", text}});
}

}  // namespace shop

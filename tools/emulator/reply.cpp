#include "tools/emulator/reply.h"

#include <boost/json.hpp>

#include <array>
#include <utility>

namespace posthaste::tools {

std::string_view reason_of(unsigned status) noexcept {
  constexpr std::array<std::pair<unsigned, std::string_view>, 24> reasons{{
      {200, "OK"},
      {206, "Partial Content"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Payload Too Large"},
      {415, "Unsupported Media Type"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {439, "Daily Quota Exceeded"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {204, "No Content"},
  }};
  for (const auto& [number, reason] : reasons) {
    if (number == status) return reason;
  }
  return "Unknown";
}

std::string to_bytes(const Reply& reply, bool keep_alive) {
  std::string bytes = "HTTP/1.1 " + std::to_string(reply.status) + ' ';
  bytes += reason_of(reply.status);
  bytes += "\r\nServer: posthaste-emulator\r\nX-Content-Type-Options: nosniff\r\nContent-Type: ";
  bytes.append(reply.content_type).append("\r\n");
  bytes += reply.headers;
  if (!keep_alive) bytes += "Connection: close\r\n";
  bytes += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  bytes += reply.body;
  return bytes;
}

Reply error_reply(unsigned status, std::string_view text) {
  return {status,
          "{\"error\":" +
              boost::json::serialize(boost::json::string_view(text.data(), text.size())) + "}",
          {}};
}

}  // namespace posthaste::tools

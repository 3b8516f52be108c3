#pragma once

/// What the emulator answers to one request, before a fault touches it.

#include <string>
#include <string_view>

namespace posthaste::tools {

struct Reply {
  unsigned status = 200;
  std::string body;
  std::string headers;  // further lines, each with its CRLF
  std::string_view content_type = "application/json; charset=utf-8";
};

/// "OK", "Too Many Requests", ...; "Unknown" for numbers without a name.
std::string_view reason_of(unsigned status) noexcept;

/// The whole answer as bytes.
std::string to_bytes(const Reply& reply, bool keep_alive);

/// {"error":"<text>"}, escaped.
Reply error_reply(unsigned status, std::string_view text);

}  // namespace posthaste::tools

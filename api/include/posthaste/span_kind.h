#pragma once

/// What a span is, and how it went. The numbers are those of OTLP and lie in records and stores.

#include <cstdint>

namespace posthaste {

enum class SpanKind : std::uint8_t {
  internal = 1,  // work inside this process
  server = 2,    // a request that somebody sent to this process
  client = 3,    // a request that this process sent and awaits
  producer = 4,  // a message that this process sent and does not await
  consumer = 5,  // a message that this process received
};

enum class StatusCode : std::uint8_t {
  unset = 0,
  ok = 1,  // the application says so: final
  error = 2,
};

}  // namespace posthaste

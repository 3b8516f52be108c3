#pragma once

/// What a transmitter needs to have a request made: bytes and a ticket go out, the answer comes
/// back into the output's Answers under that ticket. The real ones are actors, one per request
/// (delivery_shell.h); tests have their own.

#include "runtime/wire/body_kind.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace posthaste::actors {

/// Names one request for the life of a pipeline; never 0, never used again.
using Ticket = std::uint64_t;

/// One request's load.
struct Consignment {
  Ticket ticket = 0;
  std::uint32_t items = 0;  // lines in the body
  wire::BodyKind kind = wire::BodyKind::track_gzip;
  /// The body as it is sent. Borrowed until the answer is there; `keep_alive` holds what needs it.
  std::vector<std::span<const std::byte>> body = {};
  std::shared_ptr<const void> keep_alive = {};
};

/// Called on the transmitter's thread.
class Deliveries {
public:
  virtual ~Deliveries() = default;
  /// Throws only what stands for a dead transmitter (no memory).
  virtual void begin(Consignment consignment) = 0;
};

}  // namespace posthaste::actors

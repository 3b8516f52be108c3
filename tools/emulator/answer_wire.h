#pragma once

/// The bytes that go out for one request, after the faults: an ordinary answer, or one of those
/// that break HTTP. Long ones are a block that is written again and again, so none needs memory.

#include "tools/emulator/fault.h"
#include "tools/emulator/reply.h"

#include <cstdint>
#include <string>

namespace posthaste::tools {

struct AnswerWire {
  std::string head;
  std::string block;          // follows `repeats` times
  std::uint64_t repeats = 0;  // ~0: until the client goes away
};

AnswerWire to_wire(const Reply& reply, bool keep_alive, BadAnswer kind);

}  // namespace posthaste::tools

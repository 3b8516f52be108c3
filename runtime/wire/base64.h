#pragma once

/// Base64 (RFC 4648, with padding), as OTLP/JSON writes bytes. Pure.

#include "runtime/wire/byte_buffer.h"

#include <string_view>

namespace posthaste::wire {

void append_base64(std::string_view bytes, ByteBuffer& out);

}  // namespace posthaste::wire

#pragma once

/// Cuts an OTLP export request by items: what is sent first of one that was too large (413), and
/// what is left of it. Everything around the items that stay (resource, scopes, metrics) stays;
/// what would be empty goes. Items are copied, never understood.
///
/// Who calls it: select_items (body_lines.h). Pure. The bytes come from the arena or the store and are
/// not trusted; recursion goes as deep as the items lie, five levels. Exceptions: std::bad_alloc.

#include "runtime/base/otlp_signal.h"
#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/otlp_request.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace posthaste::wire {

/// Appends the items `wanted` (by their order in the request; ascending) to `out` as a request of
/// their own. Gives the number of items that the request has; empty where it is none.
std::optional<std::uint32_t> cut_otlp(std::string_view request, OtlpFormat format,
                                      OtlpSignal signal, std::span<const std::uint32_t> wanted,
                                      ByteBuffer& out);

}  // namespace posthaste::wire

#pragma once

/// The grammar of `tracestate`. Pure; any thread; bytes from outside.
/// Specification: W3C Trace Context, level 2, 3.3.

#include <string_view>

namespace posthaste {

/// Whether all members are well-formed, none twice, and at most 32 in 512 bytes; false for none.
bool is_trace_state(std::string_view state) noexcept;

/// Without the blanks and tabs around it.
std::string_view without_blanks(std::string_view text) noexcept;

}  // namespace posthaste

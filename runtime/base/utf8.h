#pragma once

/// Text from outside, made fit for one line that a person reads. Pure; any thread; allocates at
/// most `max_bytes` and an ellipsis.

#include <cstddef>
#include <string>
#include <string_view>

namespace posthaste {

/// True for well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// How many bytes the well-formed character at the front takes; 0 when it is none, or `text` is
/// empty.
std::size_t utf8_length(std::string_view text) noexcept;

/// `text` with control characters, line separators and bytes that are not UTF-8 as \xNN, cut with
/// "..." where it would be longer than `max_bytes`. The result is valid UTF-8 without a line break.
std::string printable(std::string_view text, std::size_t max_bytes);

}  // namespace posthaste

#pragma once

/// Small readings of text from outside, for the parsers of this folder. Pure; any thread.

#include <posthaste/severity.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

/// Without blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text) noexcept;

/// ASCII only; other bytes stay.
std::string lower_case(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The pieces between separators, trimmed, empty ones left out.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A severity as OpenTelemetry and Application Insights write it, in any case: "warn", "warning",
/// "verbose".
std::optional<Severity> parse_severity(std::string_view text) noexcept;

/// Digits only, nothing around them, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;
/// "0.25", "1e-3"; nothing around it. May be negative, infinite or not a number.
std::optional<double> parse_decimal(std::string_view text) noexcept;
/// "true" or "false" in any case.
std::optional<bool> parse_boolean(std::string_view text) noexcept;
/// With each %XX decoded; nothing for a '%' without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

inline constexpr std::size_t longest_path = 4000;  // below PATH_MAX, with room for file names
/// Begins with '/', holds no NUL, at most `longest_path` bytes.
bool is_absolute_path(std::string_view path) noexcept;

/// 8-4-4-4-12 hexadecimal digits, in any case.
bool is_guid(std::string_view text) noexcept;

/// `value` for a message: in quotes, on one line, at most 100 bytes, with everything that looks
/// like a key (16 hexadecimal digits or more) and all between "//" and "@" masked.
std::string quoted(std::string_view value);

}  // namespace posthaste::config

#pragma once

/// Text limits. Application Insights counts most limits in UTF-16 units and some in bytes;
/// whichever it is, a cut never splits a character.
///
/// Pure functions. Bytes that are no UTF-8 count as one unit each (the JSON writer makes U+FFFD of
/// them).

#include <cstddef>
#include <string_view>

namespace posthaste::wire {

/// The longest start of `text` of at most `units` UTF-16 units that ends between characters.
std::string_view cut_units_slowly(std::string_view text, std::size_t units) noexcept;
inline std::string_view cut_units(std::string_view text, std::size_t units) noexcept {
  return text.size() <= units ? text : cut_units_slowly(text, units);
}

/// The longest start of `text` of at most `bytes` bytes that ends between characters.
std::string_view cut_bytes_slowly(std::string_view text, std::size_t bytes) noexcept;
inline std::string_view cut_bytes(std::string_view text, std::size_t bytes) noexcept {
  return text.size() <= bytes ? text : cut_bytes_slowly(text, bytes);
}

}  // namespace posthaste::wire

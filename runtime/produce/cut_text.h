#pragma once

/// Shortens text without leaving half a UTF-8 character. Pure; reads only what it must.

#include <cstdint>
#include <string_view>

namespace posthaste::produce {

constexpr bool continues(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// At most `most` bytes.
constexpr std::string_view cut_bytes(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && most - end < 4 && continues(text[end])) --end;
  return text.substr(0, continues(text[end]) ? most : end);
}

/// At most `most` characters.
constexpr std::string_view cut_characters(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (continues(text[i])) continue;
    if (characters == most) return text.substr(0, i);
    ++characters;
  }
  return text;
}

}  // namespace posthaste::produce

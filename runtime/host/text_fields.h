#pragma once

/// Lines, words and numbers of the kernel's text files. Pure; the texts may be anything.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace posthaste::host {

/// What is in front of `separator`, which is taken with it; all of it when there is none.
inline std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

/// The next word, between blanks, tabs and line ends; empty at the end.
inline std::string_view take_word(std::string_view& text) noexcept {
  constexpr std::string_view blank = " \t\n";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return text = {};
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(blank));
  text.remove_prefix(word.size());
  return word;
}

/// Digits only, nothing around them, no overflow.
inline std::optional<std::uint64_t> number_of(std::string_view word) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

/// The number of the line "<key> <number> ...", the first of them; `key` with its colon, if any.
inline std::optional<std::uint64_t> number_at(std::string_view text,
                                              std::string_view key) noexcept {
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (take_word(line) == key) return number_of(take_word(line));
  }
  return std::nullopt;
}

}  // namespace posthaste::host

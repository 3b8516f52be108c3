#include "runtime/base/utf8.h"

#include <cstdint>

namespace posthaste {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t i) noexcept {
  return static_cast<std::uint8_t>(text[i]);
}

struct Lead {
  std::size_t length;
  std::uint8_t second_min, second_max;  // what excludes overlong forms, surrogates, > U+10FFFF
};

Lead lead_of(std::uint8_t byte) noexcept {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// C0, DEL, C1, and the two that some readers take for a line break.
bool breaks_a_line(std::string_view character) noexcept {
  const auto first = byte_at(character, 0);
  if (first < 0x20 || first == 0x7F) return true;
  if (first == 0xC2 && byte_at(character, 1) < 0xA0) return true;
  return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const Lead lead = lead_of(byte_at(text, 0));
  if (lead.length < 2 || text.size() < lead.length) return lead.length == 1 ? 1 : 0;
  if (byte_at(text, 1) < lead.second_min || byte_at(text, 1) > lead.second_max) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  }
  return lead.length;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto character = text.substr(0, length == 0 ? 1 : length);
    const std::size_t before = out.size();
    if (length == 0 || breaks_a_line(character)) {
      append_escaped(out, character);
    } else {
      out += character;
    }
    if (out.size() > max_bytes) {
      out.resize(before);
      out += "...";
      break;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace posthaste

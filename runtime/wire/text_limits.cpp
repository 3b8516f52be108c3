#include "runtime/wire/text_limits.h"

#include "runtime/base/utf8.h"

#include <algorithm>

namespace posthaste::wire {
namespace {

bool is_tail(std::string_view text, std::size_t i) noexcept {
  return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
}

}  // namespace

std::string_view cut_units_slowly(std::string_view text, std::size_t units) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text.substr(at, 4)), 1);
    const std::size_t cost = length == 4 ? 2 : 1;
    if (cost > units) break;
    units -= cost;
    at += length;
  }
  return text.substr(0, at);
}

std::string_view cut_bytes_slowly(std::string_view text, std::size_t bytes) noexcept {
  if (text.size() <= bytes) return text;
  // At most three bytes back lies the start of the character that the cut would split.
  for (std::size_t back = 0; back <= 3 && back <= bytes; ++back) {
    const std::size_t at = bytes - back;
    if (is_tail(text, at)) continue;
    return text.substr(0, at + utf8_length(text.substr(at, 4)) > bytes ? at : bytes);
  }
  return text.substr(0, bytes);
}

}  // namespace posthaste::wire

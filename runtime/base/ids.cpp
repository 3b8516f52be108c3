#include <posthaste/ids.h>

namespace posthaste {
namespace {

int nibble(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <class Id>
std::optional<Id> parse(std::string_view text) noexcept {
  Id id;
  if (text.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const int high = nibble(text[2 * i]);
    const int low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (!id.is_valid()) return std::nullopt;
  return id;
}

}  // namespace

std::optional<TraceId> TraceId::from_hex(std::string_view text) noexcept {
  return parse<TraceId>(text);
}

std::optional<SpanId> SpanId::from_hex(std::string_view text) noexcept {
  return parse<SpanId>(text);
}

}  // namespace posthaste

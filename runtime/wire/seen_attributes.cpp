#include "runtime/wire/seen_attributes.h"

#include <charconv>
#include <cmath>

namespace posthaste::wire {

std::optional<std::int64_t> SeenAttributes::integer(std::optional<Known> key) const noexcept {
  if (!key || !has(*key)) return std::nullopt;
  const model::ValueView& value = this->value(*key);
  if (value.type() == AttributeType::int64) return value.int64();
  if (value.type() == AttributeType::float64) {
    const double number = value.float64();
    if (!(std::abs(number) < 1e15) || number != std::floor(number)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.type() != AttributeType::string) return std::nullopt;
  const std::string_view text = value.string();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void SeenAttributes::carried_as(std::string_view text, std::initializer_list<Known> keys) {
  for (const Known key : keys) {
    if (has(key) && this->text(key) == text) carried(key);
  }
}

}  // namespace posthaste::wire

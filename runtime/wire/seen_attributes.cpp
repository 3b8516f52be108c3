#include "runtime/wire/seen_attributes.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace posthaste::wire {
namespace {

std::optional<double> number_in(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
  text = text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
  if (text.starts_with("0x") || text.starts_with("0X")) {
    std::uint64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + 2, last, number, 16);
    if (error != std::errc{} || end != last) return std::nullopt;
    return static_cast<double>(number);
  }
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  // What from_chars calls inf or nan is no number here.
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<double> SeenAttributes::number(std::optional<Known> key) const noexcept {
  if (!key || !has(*key)) return std::nullopt;
  const model::ValueView& value = this->value(*key);
  switch (value.type()) {
    case AttributeType::int64: return static_cast<double>(value.int64());
    case AttributeType::float64: return value.float64();
    case AttributeType::string: return number_in(value.string());
    default: return std::nullopt;
  }
}

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

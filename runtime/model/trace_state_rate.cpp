#include "runtime/model/trace_state_rate.h"

#include <cstdint>

namespace posthaste::model {
namespace {

/// The piece up to `separator`, which is taken off `rest` with it.
std::string_view next_piece(std::string_view& rest, char separator) noexcept {
  const std::size_t at = rest.find(separator);
  std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  while (!piece.empty() && (piece.front() == ' ' || piece.front() == '\t')) piece.remove_prefix(1);
  return piece;
}

/// `digits` are the first of 14 hexadecimal ones, the others zero: traces whose random 56 bits are
/// below that number were not kept.
double rate_above_threshold(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 14) return 100;
  std::uint64_t threshold = 0;
  for (std::size_t i = 0; i < 14; ++i) {
    const char c = i < digits.size() ? digits[i] : '0';
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return 100;
    threshold = threshold << 4 | static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  constexpr std::uint64_t all = std::uint64_t{1} << 56;
  return static_cast<double>(all - threshold) / static_cast<double>(all) * 100;
}

}  // namespace

double rate_in_trace_state(std::string_view trace_state) noexcept {
  while (!trace_state.empty()) {
    std::string_view member = next_piece(trace_state, ',');
    if (!member.starts_with("ot=")) continue;
    member.remove_prefix(3);
    while (!member.empty()) {
      const std::string_view field = next_piece(member, ';');
      if (field.starts_with("th:")) return rate_above_threshold(field.substr(3));
    }
    return 100;
  }
  return 100;
}

}  // namespace posthaste::model

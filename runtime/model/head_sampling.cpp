#include "runtime/model/head_sampling.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace posthaste::model {
namespace {

/// What both digits of a byte add to the hash: 33 times the code of the first, and the second's.
using DigitTable = std::array<std::uint32_t, 256>;

constexpr DigitTable make_digits(bool upper_case) {
  const std::string_view digits = upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
  DigitTable table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = static_cast<std::uint32_t>(digits[byte / 16] * 33 + digits[byte % 16]);
  }
  return table;
}
constexpr DigitTable lower_digits = make_digits(false);
constexpr DigitTable upper_digits = make_digits(true);

/// Without a loop, which would cost as much again.
template <std::size_t... index>
std::uint32_t hash_of(const TraceId& trace, const DigitTable& digits,
                      std::index_sequence<index...>) noexcept {
  std::uint32_t hash = 5381;
  ((hash = hash * (33 * 33) + digits[trace.bytes[index]]), ...);
  return hash;
}

/// As every Application Insights SDK computes it, over the digits of the id; two at a time.
double application_insights_score(const TraceId& trace, bool upper_case) noexcept {
  const auto number = static_cast<std::int32_t>(
      hash_of(trace, upper_case ? upper_digits : lower_digits, std::make_index_sequence<16>()));
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  const std::int32_t score = number == std::numeric_limits<std::int32_t>::min() ? most
                             : number < 0                                       ? -number
                                                                                : number;
  return static_cast<double>(score) / static_cast<double>(most) * 100;
}

/// OpenTelemetry keeps a trace when its last 56 bits are at or above a threshold, which is the
/// lower, the higher the rate: the same as a score that counts down.
double trace_id_score(const TraceId& trace) noexcept {
  std::uint64_t random = 0;
  for (std::size_t i = 9; i < 16; ++i) random = random << 8 | trace.bytes[i];
  // The upper 53 of the 56 bits, which a double holds exactly.
  constexpr std::uint64_t all = std::uint64_t{1} << 56;
  return static_cast<double>((all - 1 - random) >> 3) / static_cast<double>(all >> 3) * 100;
}

}  // namespace

double sampling_score(const TraceId& trace, SamplingHash hash) noexcept {
  if (hash == SamplingHash::trace_id) return trace_id_score(trace);
  return application_insights_score(trace, hash == SamplingHash::application_insights_upper_case);
}

}  // namespace posthaste::model

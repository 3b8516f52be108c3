#include "runtime/model/head_sampling.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

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
[[gnu::always_inline]] inline std::uint32_t hash_of(const TraceId& trace, const DigitTable& digits,
                                                    std::index_sequence<index...>) noexcept {
  std::uint32_t hash = 5381;
  ((hash = hash * (33 * 33) + digits[trace.bytes[index]]), ...);
  return hash;
}

constexpr std::uint32_t most_score = std::numeric_limits<std::int32_t>::max();

/// As every Application Insights SDK computes it.
[[gnu::always_inline]] inline std::uint32_t number_of(std::uint32_t hash) noexcept {
  const std::uint32_t size = static_cast<std::int32_t>(hash) < 0 ? 0 - hash : hash;
  return std::min(size, most_score);
}

std::uint32_t number_of(const TraceId& trace, const DigitTable& digits) noexcept {
  return number_of(hash_of(trace, digits, std::make_index_sequence<16>()));
}

double scaled(std::uint32_t number) noexcept {
  return static_cast<double>(number) / static_cast<double>(most_score) * 100;
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
  const bool upper_case = hash == SamplingHash::application_insights_upper_case;
  return scaled(number_of(trace, upper_case ? upper_digits : lower_digits));
}

std::uint32_t sampling_number(TraceId trace) noexcept {
  return number_of(trace, lower_digits);
}

#if defined(__x86_64__)
namespace {

constexpr std::uint32_t power_of_33(int exponent) {
  std::uint32_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 33;
  return power;
}

/// Of each four digits, by how many follow them.
alignas(16) constexpr std::uint32_t weights[] = {
    power_of_33(28), power_of_33(24), power_of_33(20), power_of_33(16),
    power_of_33(12), power_of_33(8),  power_of_33(4),  1};

/// All 32 digits at once: pairs, then fours, then their sum, each weighed by its place.
[[gnu::target("sse4.1")]] std::uint32_t number_by_vectors(TraceId trace) noexcept {
  const __m128i id = std::bit_cast<__m128i>(trace);
  const __m128i nibble = _mm_set1_epi8(0x0f);
  const __m128i high = _mm_and_si128(_mm_srli_epi16(id, 4), nibble);
  const __m128i low = _mm_and_si128(id, nibble);
  const __m128i digits =
      _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
  const auto fours = [&](__m128i nibbles) __attribute__((always_inline, target("sse4.1"))) {
    const __m128i pairs =
        _mm_maddubs_epi16(_mm_shuffle_epi8(digits, nibbles), _mm_set1_epi16(1 << 8 | 33));
    return _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | 33 * 33));
  };
  const __m128i first = _mm_mullo_epi32(fours(_mm_unpacklo_epi8(high, low)),
                                        _mm_load_si128(reinterpret_cast<const __m128i*>(weights)));
  const __m128i last =
      _mm_mullo_epi32(fours(_mm_unpackhi_epi8(high, low)),
                      _mm_load_si128(reinterpret_cast<const __m128i*>(weights + 4)));
  __m128i sum = _mm_add_epi32(first, last);
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0b01'00'11'10));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0b10'11'00'01));
  constexpr std::uint32_t start = 5381 * power_of_33(32);
  return number_of(start + static_cast<std::uint32_t>(_mm_cvtsi128_si32(sum)));
}

}  // namespace
#endif

SamplingNumber fastest_sampling_number() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.1")) return number_by_vectors;
#endif
  return sampling_number;
}

std::uint32_t kept_numbers(double rate_percent) noexcept {
  if (rate_percent >= 100) return most_score + 1;  // the highest too
  std::uint32_t kept = 0;
  std::uint32_t left_out = most_score;  // scaled: 100, or the rate is not a number
  while (kept < left_out) {
    const std::uint32_t middle = kept + (left_out - kept) / 2;
    if (scaled(middle) < rate_percent) {
      kept = middle + 1;
    } else {
      left_out = middle;
    }
  }
  return kept;
}

}  // namespace posthaste::model

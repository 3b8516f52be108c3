#include "runtime/wire/timestamp.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace posthaste::wire {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::int64_t steps_per_second = 10'000'000;  // of 100 ns
constexpr std::int64_t seconds_per_day = 86'400;

constexpr auto digit_pairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

char* put2(char* at, std::uint32_t value) noexcept {
  std::memcpy(at, digit_pairs.data() + 2 * value, 2);
  return at + 2;
}

char* put7(char* at, std::uint32_t value) noexcept {
  at = put2(at, value / 100'000);
  at = put2(at, value / 1'000 % 100);
  at = put2(at, value / 10 % 100);
  *at++ = static_cast<char>('0' + value % 10);
  return at;
}

/// Seven digits, or down to three where the rest are zeros.
char* put_fraction(char* at, std::uint32_t steps) noexcept {
  at = put7(at, steps);
  for (int dropped = 0; dropped < 4 && at[-1] == '0'; ++dropped) --at;
  return at;
}

}  // namespace

void TimestampWriter::remember(std::int64_t second) noexcept {
  const std::chrono::sys_seconds time{std::chrono::seconds{second}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  const auto of_day = static_cast<std::uint32_t>((time - day).count());
  char* at = text_;
  at = put2(put2(at, year / 100), year % 100);
  *at++ = '-';
  at = put2(at, static_cast<unsigned>(date.month()));
  *at++ = '-';
  at = put2(at, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  at = put2(at, of_day / 3600);
  *at++ = ':';
  at = put2(at, of_day / 60 % 60);
  *at++ = ':';
  at = put2(at, of_day % 60);
  *at = '.';
  second_ = second;
}

char* TimestampWriter::put(char* at, WallTime time) noexcept {
  const std::int64_t ns = time.time_since_epoch().count();
  std::int64_t second = ns / ns_per_second;
  std::int64_t rest = ns % ns_per_second;
  if (rest < 0) {
    rest += ns_per_second;
    --second;
  }
  if (second != second_) remember(second);
  std::memcpy(at, text_, sizeof text_);
  at = put7(at + sizeof text_, static_cast<std::uint32_t>(rest / 100));
  *at++ = 'Z';
  return at;
}

char* put_duration(char* at, std::chrono::nanoseconds duration) noexcept {
  constexpr std::int64_t most = 1000 * seconds_per_day * steps_per_second - 1;
  const std::int64_t ns = std::max<std::int64_t>(duration.count(), 0);
  const std::int64_t steps = std::min(ns / 100 + (ns % 100 >= 50 ? 1 : 0), most);
  const std::int64_t seconds = steps / steps_per_second;
  if (seconds < 60) {  // as nearly all
    std::memcpy(at, "00:00:", 6);
    at = put2(at + 6, static_cast<std::uint32_t>(seconds));
    *at++ = '.';
    return put_fraction(at, static_cast<std::uint32_t>(steps % steps_per_second));
  }
  if (seconds >= seconds_per_day) {
    at = std::to_chars(at, at + 3, seconds / seconds_per_day).ptr;
    *at++ = '.';
  }
  const auto of_day = static_cast<std::uint32_t>(seconds % seconds_per_day);
  at = put2(at, of_day / 3600);
  *at++ = ':';
  at = put2(at, of_day / 60 % 60);
  *at++ = ':';
  at = put2(at, of_day % 60);
  *at++ = '.';
  return put_fraction(at, static_cast<std::uint32_t>(steps % steps_per_second));
}

}  // namespace posthaste::wire

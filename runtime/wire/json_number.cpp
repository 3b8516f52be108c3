#include "runtime/wire/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace posthaste::wire {
namespace {

/// `digits` significant decimal digits, the first standing for 10^exponent, laid out as ECMAScript
/// does.
char* lay_out(char* at, std::string_view digits, int exponent) noexcept {
  const int count = static_cast<int>(digits.size());
  const auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  const auto zeros = [&at](int n) {
    for (; n > 0; --n) *at++ = '0';
  };
  if (exponent >= 21 || exponent < -6) {
    *at++ = digits.front();
    if (count > 1) *at++ = '.';
    put(digits.substr(1));
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    return std::to_chars(at, at + 4, std::abs(exponent)).ptr;
  }
  if (exponent < 0) {
    put("0.");
    zeros(-exponent - 1);
    put(digits);
    return at;
  }
  const int whole = exponent + 1;
  put(digits.substr(0, static_cast<std::size_t>(std::min(whole, count))));
  zeros(whole - count);
  if (count > whole) {
    *at++ = '.';
    put(digits.substr(static_cast<std::size_t>(whole)));
  }
  return at;
}

char* put_shortest(char* at, double value) noexcept {
  char text[32];
  const char* const end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* from = text;
  if (*from == '-') *at++ = *from++;
  char digits[20];
  std::size_t count = 0;
  for (; *from != 'e'; ++from) {
    if (*from != '.') digits[count++] = *from;
  }
  ++from;
  if (*from == '+') ++from;
  int exponent = 0;
  std::from_chars(from, end, exponent);
  return lay_out(at, {digits, count}, exponent);
}

/// At most three decimals, as most durations, prices and ratios have; null if there are more.
char* put_simple(char* at, double value) noexcept {
  constexpr double most = 1e12;  // up to 15 digits every text has a double of its own
  if (!(std::abs(value) < most)) return nullptr;
  const auto thousandths = static_cast<std::int64_t>(value * 1000 + (value < 0 ? -0.5 : 0.5));
  if (static_cast<double>(thousandths) / 1000 != value) return nullptr;
  std::int64_t rest = thousandths;
  if (rest < 0) {
    *at++ = '-';
    rest = -rest;
  }
  if (rest < 10'000) {
    *at++ = static_cast<char>('0' + rest / 1000);
  } else {
    at = std::to_chars(at, at + 20, rest / 1000).ptr;
  }
  const auto decimals = static_cast<int>(rest % 1000);
  if (decimals == 0) return at;
  *at++ = '.';
  *at++ = static_cast<char>('0' + decimals / 100);
  if (decimals % 100 == 0) return at;
  *at++ = static_cast<char>('0' + decimals / 10 % 10);
  if (decimals % 10 != 0) *at++ = static_cast<char>('0' + decimals % 10);
  return at;
}

}  // namespace

char* put_number(char* at, double value) noexcept {
  if (char* const end = put_simple(at, value)) return end;
  return put_shortest(at, value);
}

}  // namespace posthaste::wire

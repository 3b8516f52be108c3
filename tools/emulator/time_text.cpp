#include "tools/emulator/time_text.h"

#include <cstddef>

namespace posthaste::tools {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Takes from the front of a text; any miss fails it for good.
class Taker {
public:
  explicit Taker(std::string_view text) noexcept : text_(text) {}

  /// Exactly `count` digits.
  int digits(std::size_t count) noexcept {
    if (text_.size() < count) return fail();
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value;
  }
  void expect(char c) noexcept {
    if (!skip(c)) fail();
  }
  bool skip(char c) noexcept {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// The digits behind a decimal point, at least one and at most `most` of them.
  nanoseconds fraction(std::size_t most) noexcept {
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++count) {
      if (count < 9) value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    if (count == 0 || count > most) fail();
    for (std::size_t i = count; i < 9; ++i) value *= 10;
    return nanoseconds{value};
  }
  nanoseconds clock_time() noexcept {
    const int h = digits(2);
    expect(':');
    const int m = digits(2);
    expect(':');
    const int s = digits(2);
    if (h > 23 || m > 59 || s > 59) fail();
    return hours{h} + minutes{m} + seconds{s};
  }
  bool good() const noexcept { return good_ && text_.empty(); }
  int fail() noexcept {
    good_ = false;
    return 0;
  }

private:
  std::string_view text_;
  bool good_ = true;
};

nanoseconds zone(Taker& taker) noexcept {
  if (taker.skip('Z')) return {};
  const bool behind = taker.skip('-');
  if (!behind) taker.expect('+');
  const int h = taker.digits(2);
  taker.expect(':');
  const int m = taker.digits(2);
  if (h > 14 || m > 59) taker.fail();
  const nanoseconds offset = hours{h} + minutes{m};
  return behind ? -offset : offset;
}

}  // namespace

std::optional<WallTime> read_timestamp(std::string_view text) noexcept {
  Taker taker(text);
  const int year = taker.digits(4);
  taker.expect('-');
  const int month = taker.digits(2);
  taker.expect('-');
  const int day = taker.digits(2);
  taker.expect('T');
  nanoseconds time = taker.clock_time();
  if (taker.skip('.')) time += taker.fraction(18);
  time -= zone(taker);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  // Nanoseconds in 64 bits end in 2262.
  if (!taker.good() || !date.ok() || year < 1970 || year > 2200) return std::nullopt;
  return WallTime{std::chrono::sys_days{date}} + time;
}

std::optional<nanoseconds> read_time_span(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  const std::size_t colon = text.find(':');
  Taker taker(text);
  nanoseconds whole{};
  if (dot < colon) {
    if (dot == 0 || dot > 3) return std::nullopt;
    whole = days{taker.digits(dot)};
    taker.expect('.');
  }
  whole += taker.clock_time();
  if (taker.skip('.')) whole += taker.fraction(7);
  if (!taker.good()) return std::nullopt;
  return whole;
}

}  // namespace posthaste::tools

#include "runtime/wire/reply_headers.h"

#include <algorithm>
#include <array>

namespace posthaste::wire {
namespace {

using std::chrono::seconds;

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                  [](char a, char b) { return a == lower(b); });
}

/// Digits only, saturating at `most`; empty if there is anything else.
std::optional<seconds> count_of(std::string_view digits, seconds most) noexcept {
  if (digits.empty()) return std::nullopt;
  seconds value{0};
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(most, value * 10 + seconds{c - '0'});
  }
  return value;
}

/// Takes words and numbers off the front of a date.
class DateText {
public:
  explicit DateText(std::string_view text) noexcept : rest_(text) {}

  std::string_view word() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" ,-:"), rest_.size()));
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" ,-:"));
    rest_.remove_prefix(word.size());
    return word;
  }
  int number() noexcept {
    const auto value = count_of(word(), seconds{9'999});
    return value ? static_cast<int>(value->count()) : -1;
  }

private:
  std::string_view rest_;
};

int month_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 12> names{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name.size() == 3 && starts_with_word(name, names[i])) return static_cast<int>(i + 1);
  }
  return 0;
}

/// Sun, 06 Nov 1994 08:49:37 GMT | Sunday, 06-Nov-94 08:49:37 GMT | Sun Nov  6 08:49:37 1994
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) noexcept {
  const bool asctime = text.find(',') == std::string_view::npos;
  DateText date(text);
  date.word();  // the day of the week says nothing new
  int year = -1;
  int month = 0;
  int day = -1;
  if (asctime) month = month_of(date.word());
  day = date.number();
  if (!asctime) {
    month = month_of(date.word());
    year = date.number();
    if (year >= 0 && year < 100) year += year < 70 ? 2000 : 1900;
  }
  const int hour = date.number();
  const int minute = date.number();
  const int second = date.number();
  if (asctime) year = date.number();
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(std::max(day, 0))}};
  const bool time_ok =
      hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 61;
  if (year < 1900 || !ymd.ok() || !time_ok) return std::nullopt;
  return std::chrono::sys_days{ymd} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         seconds{second};
}

}  // namespace

std::optional<seconds> parse_retry_after(std::string_view value, WallTime now) noexcept {
  value = trimmed(value);
  if (const auto count = count_of(value, retry_after_limit)) return count;
  const auto date = parse_date(value);
  if (!date) return std::nullopt;
  const auto wait = *date - std::chrono::floor<seconds>(now);
  return std::clamp(wait, seconds{0}, retry_after_limit);
}

std::optional<seconds> parse_max_age(std::string_view cache_control) noexcept {
  constexpr std::string_view name = "max-age=";
  while (!cache_control.empty()) {
    const std::size_t comma = std::min(cache_control.find(','), cache_control.size());
    const std::string_view directive = trimmed(cache_control.substr(0, comma));
    if (starts_with_word(directive, name)) {
      return count_of(directive.substr(name.size()), max_age_limit);
    }
    cache_control.remove_prefix(std::min(comma + 1, cache_control.size()));
  }
  return std::nullopt;
}

}  // namespace posthaste::wire

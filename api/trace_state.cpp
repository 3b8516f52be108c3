#include "api/trace_state.h"

#include <algorithm>
#include <iterator>

namespace posthaste {
namespace {

bool is_lower_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_key_character(char c) noexcept {
  return is_lower_alphanumeric(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

/// As level 2 has it: '@' may stand anywhere but in front. Level 1 knew it in `tenant@system` alone.
bool is_member_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= 256 && is_lower_alphanumeric(key.front()) &&
         std::all_of(key.begin(), key.end(), is_key_character);
}

bool is_member_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > 256 || value.back() == ' ') return false;
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

}  // namespace

std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_trace_state(std::string_view state) noexcept {
  if (state.size() > 512) return false;
  std::string_view keys[32];
  std::size_t count = 0;
  while (!state.empty()) {
    const std::size_t comma = state.find(',');
    const std::string_view member = without_blanks(state.substr(0, comma));
    state.remove_prefix(comma == std::string_view::npos ? state.size() : comma + 1);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || count == std::size(keys)) return false;
    const std::string_view key = member.substr(0, equals);
    if (!is_member_key(key) || !is_member_value(member.substr(equals + 1))) return false;
    if (std::find(keys, keys + count, key) != keys + count) return false;
    keys[count++] = key;
  }
  return count > 0;
}

}  // namespace posthaste

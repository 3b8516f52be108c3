#include "api/trace_state.h"

#include <algorithm>
#include <iterator>

namespace posthaste {
namespace {

bool is_lower_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_key_character(char c) noexcept {
  return is_lower_alphanumeric(c) || c == '_' || c == '-' || c == '*' || c == '/';
}

/// `key` or `tenant@system` of W3C Trace Context 3.3.1.3.1.
bool is_member_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > 256) return false;
  const std::size_t at = key.find('@');
  const std::string_view tenant = key.substr(0, at);
  if (tenant.empty() || !is_lower_alphanumeric(tenant.front())) return false;
  if (!std::all_of(tenant.begin(), tenant.end(), is_key_character)) return false;
  if (at == std::string_view::npos) return true;
  const std::string_view system = key.substr(at + 1);
  return tenant.size() <= 241 && !system.empty() && system.size() <= 14 && system.front() >= 'a' &&
         system.front() <= 'z' && std::all_of(system.begin(), system.end(), is_key_character);
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

#include "runtime/produce/span_access.h"

#include <posthaste/propagation.h>

#include <algorithm>
#include <cstring>

namespace posthaste {
namespace {

constexpr std::size_t traceparent_size = 55;

int nibble(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// Two lower-case hexadecimal digits; -1 for anything else.
int byte_at(std::string_view text, std::size_t at) noexcept {
  const int high = nibble(text[at]);
  const int low = nibble(text[at + 1]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

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

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Whether all members are well formed, none twice, within the limits.
bool is_trace_state(std::string_view state) noexcept {
  if (state.size() > 512) return false;
  std::string_view keys[32];
  std::size_t count = 0;
  while (!state.empty()) {
    const std::size_t comma = state.find(',');
    const std::string_view member = trimmed(state.substr(0, comma));
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

}  // namespace

std::array<char, 55> to_traceparent(const Context& context) noexcept {
  std::array<char, traceparent_size> text;
  const auto trace = context.trace_id().hex();
  const auto span = context.span_id().hex();
  constexpr char digits[] = "0123456789abcdef";
  std::memcpy(text.data(), "00-", 3);
  std::memcpy(text.data() + 3, trace.data(), trace.size());
  text[35] = '-';
  std::memcpy(text.data() + 36, span.data(), span.size());
  text[52] = '-';
  // Level 2 knows "sampled" and "random trace id"; other bits must be zero.
  text[53] = '0';
  text[54] = digits[context.trace_flags() & 3];
  return text;
}

Context from_headers(std::string_view traceparent, std::string_view tracestate) noexcept {
  const std::string_view text = trimmed(traceparent);
  if (text.size() < traceparent_size) return Context();
  const int version = byte_at(text, 0);
  if (version < 0 || version == 0xff) return Context();
  // A later version may have more behind a further dash; this one has not.
  if (version == 0 ? text.size() != traceparent_size
                   : text.size() > traceparent_size && text[traceparent_size] != '-') {
    return Context();
  }
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return Context();
  const auto trace = TraceId::from_hex(text.substr(3, 32));
  const auto span = SpanId::from_hex(text.substr(36, 16));
  const int flags = byte_at(text, 53);
  if (!trace || !span || flags < 0) return Context();
  const std::string_view state = trimmed(tracestate);
  return ContextAccess::remote(*trace, *span, static_cast<std::uint8_t>(flags & 3),
                               is_trace_state(state) ? state : std::string_view());
}

}  // namespace posthaste

#include "api/trace_state.h"
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

OutgoingTraceState to_tracestate(const Context& context) noexcept {
  OutgoingTraceState out;
  const std::string_view state = context.trace_state();
  const auto kept = ContextAccess::kept_rate(context);
  const std::string_view text = kept ? model::with_rate(state, *kept, out.text_) : state;
  out.size_ = std::min(text.size(), out.text_.size());
  if (text.data() != out.text_.data()) text.copy(out.text_.data(), out.size_);
  return out;
}

Context from_headers(std::string_view traceparent, std::string_view tracestate) noexcept {
  const std::string_view text = without_blanks(traceparent);
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
  const std::string_view state = without_blanks(tracestate);
  return ContextAccess::remote(*trace, *span, static_cast<std::uint8_t>(flags & 3),
                               is_trace_state(state) ? state : std::string_view());
}

}  // namespace posthaste

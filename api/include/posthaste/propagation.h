#pragma once

/// Carries a Context between processes as W3C Trace Context: the headers `traceparent` and
/// `tracestate`.
///
///   std::array<char, 55> value = posthaste::to_traceparent(span.context());
///   Context parent = posthaste::from_headers(request["traceparent"], request["tracestate"]);
///
/// Threads: any. Blocking: never. Nothing here throws or keeps what it is given.
/// Specification: W3C Trace Context, levels 1 and 2. A `tracestate` over 512
/// bytes or 32 members, or with a malformed member, is left out whole; the `traceparent` still
/// counts.

#include <posthaste/context.h>
#include <posthaste/export.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace posthaste {

/// "00-<trace id>-<span id>-<flags>", not zero-terminated. Only for a valid Context.
POSTHASTE_API std::array<char, 55> to_traceparent(const Context& context) noexcept;

/// The header `tracestate`: at most 512 bytes, empty where there is none to send.
class OutgoingTraceState {
public:
  std::string_view view() const noexcept { return {text_.data(), size_}; }
  bool empty() const noexcept { return size_ == 0; }

private:
  friend POSTHASTE_API OutgoingTraceState to_tracestate(const Context& context) noexcept;
  std::array<char, 512> text_;
  std::size_t size_ = 0;
};

/// What came with the context, and where this process kept its trace at a rate below 100 %, that
/// rate, as `ot=th:` of OpenTelemetry's probability sampling. A context of another process keeps
/// its own as it came.
POSTHASTE_API OutgoingTraceState to_tracestate(const Context& context) noexcept;

/// Anything malformed gives an invalid Context: the next span starts a new trace.
[[nodiscard]] POSTHASTE_API Context from_headers(std::string_view traceparent,
                                                 std::string_view tracestate = {}) noexcept;

/// Sets both headers through `set(name, value)`; nothing for a context that names no span.
template <class Set>
void inject(const Context& context, Set&& set) {
  if (!context.is_valid()) return;
  const std::array<char, 55> traceparent = to_traceparent(context);
  set(std::string_view("traceparent"), std::string_view(traceparent.data(), traceparent.size()));
  const OutgoingTraceState tracestate = to_tracestate(context);
  if (!tracestate.empty()) set(std::string_view("tracestate"), tracestate.view());
}

/// Reads both headers through `get(name)`, which returns something a string_view can be made of,
/// empty where there is no such header.
template <class Get>
Context extract(Get&& get) {
  const auto& traceparent = get(std::string_view("traceparent"));
  const auto& tracestate = get(std::string_view("tracestate"));
  return from_headers(std::string_view(traceparent), std::string_view(tracestate));
}

}  // namespace posthaste

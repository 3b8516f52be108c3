#pragma once

/// Carries a Context between processes as W3C Trace Context: the headers `traceparent` and
/// `tracestate`.
///
///   std::array<char, 55> value = posthaste::to_traceparent(span.context());
///   Context parent = posthaste::from_headers(request["traceparent"], request["tracestate"]);
///
/// Threads: any. Blocking: never. Nothing here throws or keeps what it is given.
/// Specification: W3C Trace Context, level 1 with the flags of level 2. A `tracestate` over 512
/// bytes or 32 members, or with a malformed member, is left out whole; the `traceparent` still
/// counts.

#include <posthaste/context.h>
#include <posthaste/export.h>

#include <array>
#include <optional>
#include <string_view>

namespace posthaste {

/// "00-<trace id>-<span id>-<flags>", not zero-terminated. Only for a valid Context.
POSTHASTE_API std::array<char, 55> to_traceparent(const Context& context) noexcept;

/// Anything malformed gives an invalid Context: the next span starts a new trace.
POSTHASTE_API Context from_headers(std::string_view traceparent,
                                   std::string_view tracestate = {}) noexcept;

/// Sets both headers through `set(name, value)`; nothing for a context that names no span.
template <class Set>
void inject(const Context& context, Set&& set) {
  if (!context.is_valid()) return;
  const std::array<char, 55> traceparent = to_traceparent(context);
  set(std::string_view("traceparent"), std::string_view(traceparent.data(), traceparent.size()));
  if (!context.trace_state().empty()) set(std::string_view("tracestate"), context.trace_state());
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

#include <posthaste/propagators.h>

#include "api/b3.h"
#include "api/baggage_members.h"
#include "api/trace_state.h"
#include "runtime/produce/span_access.h"

#include <posthaste/propagation.h>

#include <array>
#include <cstring>

namespace posthaste {
namespace {

/// All headers of that name as one; empty where they are too long, which no tracestate may be.
std::string_view trace_state_of(const CarrierGetter& carrier,
                                std::array<char, 512>& buffer) noexcept {
  constexpr std::string_view name = "tracestate";
  const auto first = carrier.get(name, 0);
  auto next = carrier.get(name, 1);
  if (!next) return first.value_or(std::string_view());
  std::size_t size = 0;
  const auto append = [&](std::string_view text) {
    if (text.size() > buffer.size() - size) return false;
    std::memcpy(buffer.data() + size, text.data(), text.size());
    size += text.size();
    return true;
  };
  if (!append(*first)) return {};
  // Each takes a byte at least, so there is an end to them.
  for (std::size_t index = 2; next; next = carrier.get(name, index++)) {
    if (!append(",") || !append(*next)) return {};
  }
  return {buffer.data(), size};
}

Context extract_trace_context(const CarrierGetter& carrier) noexcept {
  const auto parent = carrier.get("traceparent", 0);
  // Two of them: nobody knows which one is true.
  if (!parent || carrier.get("traceparent", 1)) return Context();
  std::array<char, 512> buffer;
  return from_headers(*parent, trace_state_of(carrier, buffer));
}

Baggage extract_baggage(const CarrierGetter& carrier) noexcept {
  BaggageMembers members;
  for (std::size_t index = 0; index < Baggage::member_limit; ++index) {
    const auto header = carrier.get("baggage", index);
    if (!header || !members.read(*header)) break;
  }
  return members.joined();
}

}  // namespace

void Propagators::inject(const Context& context, CarrierSetter& carrier) const noexcept {
  if (has(Propagation::baggage) && !context.baggage().empty()) {
    carrier.set("baggage", context.baggage().header());
  }
  if (!context.is_valid()) return;
  if (has(Propagation::trace_context)) {
    const std::array<char, 55> parent = to_traceparent(context);
    carrier.set("traceparent", {parent.data(), parent.size()});
    const OutgoingTraceState state = to_tracestate(context);
    if (!state.empty()) carrier.set("tracestate", state.view());
  }
  if (has(Propagation::b3)) b3::inject_single(context, carrier);
  if (has(Propagation::b3_multi)) b3::inject_multi(context, carrier);
}

Context Propagators::extract(const CarrierGetter& carrier) const noexcept {
  Context context;
  if (has(Propagation::trace_context)) context = extract_trace_context(carrier);
  if (has(Propagation::b3) && !context.is_valid()) context = b3::extract_single(carrier);
  if (has(Propagation::b3_multi) && !context.is_valid()) context = b3::extract_multi(carrier);
  if (has(Propagation::baggage)) {
    ContextAccess::set_baggage(context, extract_baggage(carrier));
  }
  return context;
}

}  // namespace posthaste

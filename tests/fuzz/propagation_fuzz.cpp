// Any bytes as the headers of a request, one a line, "name:value": what is read is within the limits,
// and what is written is printable, and reads back as the same.

#include <posthaste/carrier.h>
#include <posthaste/context.h>
#include <posthaste/propagators.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

void require(bool holds) {
  if (!holds) std::abort();
}

// Lines end with a zero byte, so that a value may hold line breaks.
Headers headers_of(std::string_view text) {
  Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\0'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return headers;
}

void check_baggage(const posthaste::Baggage& baggage) {
  require(baggage.size() <= posthaste::Baggage::member_limit);
  require(baggage.header().size() <= posthaste::Baggage::byte_limit);
  for (std::size_t i = 0; i < baggage.size(); ++i) {
    const std::string key(baggage.key(i));
    const auto value = baggage.value(key);
    require(!key.empty() && value.has_value());
    const auto again = baggage.with(key, *value, baggage.properties(key));
    require(!again || again->value(key) == value);
  }
}

void check(posthaste::Propagators propagators, const Headers& received) {
  const posthaste::Context context = propagators.extract(posthaste::MapGetter(received));
  require(context.trace_state().size() <= 512);
  check_baggage(context.baggage());
  Headers sent;
  posthaste::MapSetter setter(sent);
  propagators.inject(context, setter);
  for (const auto& [name, value] : sent) {
    for (const char c : value) require((c >= ' ' && c <= '~') || c == '\t');
  }
  const posthaste::Context back = propagators.extract(posthaste::MapGetter(sent));
  require(back.is_valid() == context.is_valid());
  require(back.trace_id() == context.trace_id() && back.span_id() == context.span_id());
  require(back.trace_flags() == context.trace_flags());
  require(back.baggage().header() == context.baggage().header());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::Propagation;
  const Headers headers = headers_of(std::string_view(reinterpret_cast<const char*>(data), size));
  check({Propagation::trace_context, Propagation::baggage}, headers);
  check({Propagation::b3}, headers);
  check({Propagation::b3_multi, Propagation::baggage}, headers);
  return 0;
}

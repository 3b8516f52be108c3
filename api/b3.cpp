#include "api/b3.h"

#include "api/trace_state.h"
#include "runtime/produce/span_access.h"

#include <array>
#include <cstring>
#include <optional>

namespace posthaste::b3 {
namespace {

enum class Sampling : std::uint8_t { no, yes, undecided };

/// `size` hexadecimal digits in lower case, with zeros in front.
template <std::size_t size>
bool digits_of(std::string_view text, std::array<char, size>& digits) noexcept {
  if (text.size() > size) return false;
  digits.fill('0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    digits[size - text.size() + i] = carrier_detail::lower(text[i]);
  }
  return true;
}

Context context_of(std::string_view trace, std::string_view span, Sampling sampling) noexcept {
  std::array<char, 32> trace_digits;
  std::array<char, 16> span_digits;
  if ((trace.size() != 32 && trace.size() != 16) || span.size() != 16) return Context();
  if (!digits_of(trace, trace_digits) || !digits_of(span, span_digits)) return Context();
  const auto trace_id = TraceId::from_hex({trace_digits.data(), trace_digits.size()});
  const auto span_id = SpanId::from_hex({span_digits.data(), span_digits.size()});
  if (!trace_id || !span_id) return Context();
  return ContextAccess::remote(*trace_id, *span_id, sampling == Sampling::yes ? 1 : 0, {},
                               sampling == Sampling::undecided);
}

/// `true` and `false` are what old senders write.
std::optional<Sampling> sampling_of(std::string_view text) noexcept {
  if (text == "1" || text == "d" || text == "true") return Sampling::yes;
  if (text == "0" || text == "false") return Sampling::no;
  return std::nullopt;
}

std::string_view only(const CarrierGetter& carrier, std::string_view name) noexcept {
  return without_blanks(carrier.get(name, 0).value_or(std::string_view()));
}

template <std::size_t size>
std::string_view view(const std::array<char, size>& text) noexcept {
  return {text.data(), text.size()};
}

}  // namespace

void inject_single(const Context& context, CarrierSetter& carrier) noexcept {
  std::array<char, 32 + 1 + 16 + 2> text;
  const auto trace = context.trace_id().hex();
  const auto span = context.span_id().hex();
  std::memcpy(text.data(), trace.data(), trace.size());
  text[32] = '-';
  std::memcpy(text.data() + 33, span.data(), span.size());
  text[49] = '-';
  text[50] = context.is_sampled() ? '1' : '0';
  const std::size_t size = ContextAccess::is_deferred(context) ? 49 : text.size();
  carrier.set("b3", {text.data(), size});
}

void inject_multi(const Context& context, CarrierSetter& carrier) noexcept {
  const auto trace = context.trace_id().hex();
  const auto span = context.span_id().hex();
  carrier.set("x-b3-traceid", view(trace));
  carrier.set("x-b3-spanid", view(span));
  if (!ContextAccess::is_deferred(context)) {
    carrier.set("x-b3-sampled", context.is_sampled() ? "1" : "0");
  }
}

Context from_single(std::string_view header) noexcept {
  const std::string_view text = without_blanks(header);
  const std::size_t first = text.find('-');
  if (first == std::string_view::npos) return Context();  // "0" too: it names no span
  const std::string_view trace = text.substr(0, first);
  std::string_view rest = text.substr(first + 1);
  const std::string_view span = rest.substr(0, rest.find('-'));
  if (span.size() == rest.size()) return context_of(trace, span, Sampling::undecided);
  rest.remove_prefix(span.size() + 1);
  const std::string_view state = rest.substr(0, rest.find('-'));
  const auto sampling = state.size() == 1 ? sampling_of(state) : std::nullopt;
  if (!sampling) return Context();
  if (state.size() < rest.size()) {  // then comes the parent's span id, and no more
    rest.remove_prefix(state.size() + 1);
    std::array<char, 16> digits;
    if (rest.size() != 16 || !digits_of(rest, digits) || !SpanId::from_hex(view(digits))) {
      return Context();
    }
  }
  return context_of(trace, span, *sampling);
}

Context extract_single(const CarrierGetter& carrier) noexcept {
  return from_single(only(carrier, "b3"));
}

Context extract_multi(const CarrierGetter& carrier) noexcept {
  std::optional<Sampling> sampling = Sampling::undecided;
  if (const std::string_view sampled = only(carrier, "x-b3-sampled"); !sampled.empty()) {
    sampling = sampling_of(sampled);
  }
  if (only(carrier, "x-b3-flags") == "1") sampling = Sampling::yes;
  if (!sampling) return Context();
  return context_of(only(carrier, "x-b3-traceid"), only(carrier, "x-b3-spanid"), *sampling);
}

}  // namespace posthaste::b3

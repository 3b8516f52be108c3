#include "examples/shop/record_ids.h"

namespace shop {

void RecordIds::ended(posthaste::SpanKind kind, const posthaste::Context& span) {
  using enum posthaste::SpanKind;
  write(kind == server || kind == consumer ? "request" : "dependency", span, true);
}

bool RecordIds::complete() {
  const std::lock_guard lock(mutex_);
  return file_.good();
}

void RecordIds::write(std::string_view type, const posthaste::Context& span, bool with_span_id) {
  const auto trace = span.trace_id().hex();
  const auto id = span.span_id().hex();
  const std::string_view id_text =
      with_span_id ? std::string_view(id.data(), id.size()) : std::string_view("-");
  const std::lock_guard lock(mutex_);
  file_ << type << ' ' << std::string_view(trace.data(), trace.size()) << ' ' << id_text << '\n'
        << std::flush;
}

}  // namespace shop

#include "examples/shop/instruments.h"

namespace shop {

void Instruments::end(posthaste::Span& span, posthaste::SpanKind kind) {
  const bool recorded = span.is_recording();
  span.end();
  if (recorded && ids_ != nullptr) ids_->ended(kind, span.context());
}

void Instruments::exception(posthaste::Span& span, const std::exception_ptr& thrown) {
  span.record_exception(thrown, {}, true);
  if (span.is_recording() && ids_ != nullptr) ids_->threw(span.context());
}

void Instruments::log(posthaste::Severity severity, std::string_view text,
                      const posthaste::Context& span, posthaste::Attributes attributes) {
  logger_.emit(severity, text, {.attributes = attributes, .context = &span});
  if (ids_ != nullptr) ids_->logged(span);
}

}  // namespace shop

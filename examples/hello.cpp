#include <posthaste/posthaste.h>

int main() {
  auto telemetry = posthaste::start({.service_name = "orders"});
  auto tracer = telemetry.tracer("checkout");
  auto span = tracer.start_span("charge card", {.kind = posthaste::SpanKind::client});
  span.set_attribute("order.id", 42);
}

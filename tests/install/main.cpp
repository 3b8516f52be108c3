// A user's program: records a span with the installed library, and fails unless it comes out again.

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <chrono>
#include <cstdio>

int main() {
  posthaste::testing::InMemoryOutput memory;
  auto telemetry = posthaste::start({.service_name = "installed", .outputs = {memory.output()}});
  {
    auto span = telemetry.tracer("user").start_span("charge card");
    span.set_attribute("order.id", 42);
  }
  telemetry.flush(std::chrono::seconds(5));

  const auto spans = memory.spans();
  std::printf("%zu span: %s\n", spans.size(), spans.empty() ? "-" : spans.front().name.c_str());
  return spans.size() == 1 && spans.front().name == "charge card" ? 0 : 1;
}

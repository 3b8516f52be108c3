// What a user may write by mistake, and the compiler says so: misuse_test.py compiles it, and holds
// each line's mark against what was said. `warned`: by every compiler; `warned by clang`: by that one;
// `refused`: an error, where the program asks for these. Nothing is said of a line without a mark.

#include <posthaste/posthaste.h>

#include <map>
#include <string>
#include <vector>

std::map<std::string, std::string> received_headers();

void forget_the_results(posthaste::Telemetry& telemetry, const posthaste::Tracer& tracer) {
  posthaste::start({.service_name = "orders"});  // warned
  posthaste::Telemetry::create({});              // warned
  telemetry.logger("orders");                    // warned
  tracer.start_span("ends at once");             // warned
  auto span = tracer.start_span("charge card");
  posthaste::Scope{span};                              // warned
  span.context().with_baggage({});                     // warned
  posthaste::Baggage().with("customer", "gold");       // warned
  telemetry.meter("orders").counter("sold").bind({});  // warned
  telemetry.flush(std::chrono::seconds(1));
}

void keep_what_is_borrowed(const posthaste::Tracer& tracer) {
  const posthaste::Attributes kept = {{"order.id", 42}};                   // warned by clang
  const posthaste::SpanOptions options{.attributes = {{"order.id", 42}}};  // warned by clang
  const posthaste::AttributeValue value = std::string("gone");             // warned by clang
  const posthaste::MapGetter getter(received_headers());                   // warned by clang

  auto span = tracer.start_span("charge card", {.attributes = {{"order.id", 42}}});
  span.set_attribute("customer", std::string("lives until the call returns")).set_attributes(kept);
  span.set_attribute("value", value);
  const std::vector<posthaste::Attribute> own = {{"order.id", 42}};
  auto child = tracer.start_span("ask the bank", {.attributes = {own}});
  const auto caller = posthaste::Propagators().extract(posthaste::MapGetter(received_headers()));
  auto request = tracer.start_span("request", options);
  child.add_link(posthaste::Propagators().extract(getter));
  request.add_link(caller);
}

#if defined(ASK_FOR_ERRORS)
void use_what_has_ended(const posthaste::Tracer& tracer) {
  const posthaste::Scope scope(tracer.start_span("over already"));  // refused
  auto span = tracer.start_span("moved");
  const posthaste::Scope other(std::move(span));                       // refused
  const auto stopped = posthaste::start().tracer("of a stopped one");  // refused
  const auto silent = posthaste::start().logger("of a stopped one");   // refused
  const auto nothing = posthaste::start().meter("of a stopped one");   // refused
  const posthaste::Span copy = span;                                   // refused
}
#endif

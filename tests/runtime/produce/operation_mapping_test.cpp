// The name that children inherit against the one that the mapping gives to the request itself: any
// attributes, set in any order, over any names.

#include "runtime/wire/envelope_encoder.h"
#include "tests/support/dice.h"
#include "tests/support/recorder.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

using testing_support::Recorded;
using testing_support::Recorder;

std::string tag_of(wire::EnvelopeEncoder& encoder, const Recorded& record) {
  wire::ByteBuffer out;
  EXPECT_EQ(encoder.encode(*record, out).refused, wire::EncodeRefusal::none);
  constexpr std::string_view tag = R"("ai.operation.name":")";
  const std::string_view text = out.view();
  const std::size_t at = text.find(tag);
  if (at == std::string_view::npos) return "(none)";
  return std::string(
      text.substr(at + tag.size(), text.find('"', at + tag.size()) - at - tag.size()));
}

constexpr std::pair<std::string_view, std::string_view> settable[] = {
    {"http.request.method", "GET"},
    {"http.request.method", ""},
    {"http.method", "POST"},
    {"http.route", "/orders/{id}"},
    {"http.route", ""},
    {"http.route", "/customers/{id}/orders"},
    {"url.full", "https://shop.example/a/../b c?d=e#f"},
    {"url.full", "not a URL"},
    {"http.url", "http://user@shop.example:8080"},
    {"http.url", "http://shop.example/./x/.."},
    {"http.target", "/target"},
    {"microsoft.operation_name", "given"},
    {"ai.operation.name", "given too"},
    {"url.path", "/path"},
    {"server.address", "shop.example"},
    {"rpc.system", "grpc"},
    {"messaging.system", "kafka"},
    {"az.namespace", "Microsoft.EventHub"},
};

TEST(OperationMapping, GivesTheRequestTheNameThatItsChildrenHave) {
  Recorder recorder;
  wire::EncoderContext context;
  context.instrumentation_key = "key";
  wire::EnvelopeEncoder encoder(std::move(context));
  testing_support::Dice dice(7);
  const auto below = [&dice](std::size_t most) { return dice() % most; };
  const Context none;
  const std::string filler(500, 'f');
  for (int round = 0; round < 3000; ++round) {
    const SpanKind kind = below(2) == 0 ? SpanKind::server : SpanKind::consumer;
    Span root = recorder.tracer().start_span("name", {.kind = kind, .parent = &none});
    std::string steps = "round " + std::to_string(round);
    for (std::size_t left = below(7); left > 0; --left) {
      const auto& [key, value] = settable[below(std::size(settable))];
      if (below(8) == 0) {
        root.update_name("renamed");
        steps += "; renamed";
      }
      if (below(8) == 0) {
        root.set_attribute("filler", filler);  // the image goes on in more slots
        steps += "; filler";
      }
      root.set_attribute(key, value);
      steps += std::string("; ") + std::string(key) + '=' + std::string(value);
    }
    const Context in_root = root.context();
    { Span child = recorder.tracer().start_span("child", {.parent = &in_root}); }
    const std::string inherited = tag_of(encoder, recorder.one());
    root = Span();
    ASSERT_EQ(inherited, tag_of(encoder, recorder.one())) << steps;
  }
}

}  // namespace
}  // namespace posthaste

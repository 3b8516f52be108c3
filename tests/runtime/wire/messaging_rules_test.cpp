#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

TEST(Messaging, ProducersAndClientsTargetHostAndDestination) {
  for (const SpanKind kind : {SpanKind::producer, SpanKind::client}) {
    const Item item = encode_span(kind, "orders publish",
                                  {{"messaging.system", "kafka"},
                                   {"messaging.destination.name", "orders"},
                                   {"server.address", "k1"},
                                   {"server.port", 9093}})[0];
    EXPECT_EQ(item.field("type"), "kafka");
    EXPECT_EQ(item.field("target"), "k1:9093/orders");
    EXPECT_EQ(item.field("data"), "k1:9093/orders");
    EXPECT_EQ(item.property("messaging.destination.name"), "orders");
    EXPECT_EQ(item.property("server.address"), "-");
  }
}

TEST(Messaging, UsesThePartThatIsKnown) {
  const Item destination = encode_span(
      SpanKind::producer, "p", {{"messaging.system", "nats"}, {"messaging.destination", "q"}})[0];
  EXPECT_EQ(destination.field("target"), "q");
  const Item host = encode_span(SpanKind::producer, "p",
                                {{"messaging.system", "nats"}, {"net.peer.name", "n1"}})[0];
  EXPECT_EQ(host.field("target"), "n1");
  const Item nothing = encode_span(SpanKind::producer, "p", {{"messaging.system", "nats"}})[0];
  EXPECT_EQ(nothing.field("target"), "-");
}

TEST(Messaging, ConsumersHaveASource) {
  const Item item = encode_span(SpanKind::consumer, "orders process",
                                {{"messaging.system", "rabbitmq"},
                                 {"messaging.destination.name", "orders"},
                                 {"server.address", "mq"},
                                 {"server.port", 5672}})[0];
  EXPECT_EQ(item.base_type(), "RequestData");
  EXPECT_EQ(item.field("name"), "orders process");
  EXPECT_EQ(item.tag("ai.operation.name"), "orders process");
  EXPECT_EQ(item.field("source"), "mq/orders");
}

TEST(Messaging, ConsumersHaveASourceBesideADatabaseToo) {
  const Item item = encode_span(SpanKind::consumer, "s",
                                {{"messaging.system", "kafka"},
                                 {"messaging.destination.name", "orders"},
                                 {"db.system", "mongodb"}})[0];
  EXPECT_EQ(item.field("source"), "orders");
  EXPECT_EQ(item.property("db.system"), "mongodb");
}

TEST(Azure, NamesTheNamespaceInTheType) {
  const auto type = [](SpanKind kind, const char* name) {
    return encode_span(kind, "s", {{"az.namespace", name}})[0].field("type");
  };
  EXPECT_EQ(type(SpanKind::internal, "Microsoft.Storage"), "InProc | Microsoft.Storage");
  EXPECT_EQ(type(SpanKind::client, "Microsoft.EventHub"), "Microsoft.EventHub");
  EXPECT_EQ(type(SpanKind::producer, "Microsoft.EventHub"), "Queue Message | Microsoft.EventHub");
  EXPECT_EQ(type(SpanKind::client, "Microsoft.ServiceBus"), "Dependency");
}

TEST(Azure, EventHubsAreAddressedByOldAndNewAttributes) {
  const Item old = encode_span(SpanKind::client, "s",
                               {{"az.namespace", "Microsoft.EventHub"},
                                {"net.peer.name", "ns.servicebus.windows.net/"},
                                {"message_bus.destination", "hub"}})[0];
  EXPECT_EQ(old.field("target"), "ns.servicebus.windows.net/hub");
  const Item today = encode_span(SpanKind::client, "s",
                                 {{"az.namespace", "Microsoft.EventHub"},
                                  {"server.address", "ns.servicebus.windows.net"},
                                  {"messaging.destination.name", "hub"}})[0];
  EXPECT_EQ(today.field("target"), "ns.servicebus.windows.net/hub");
}

TEST(Azure, MeasuresHowLongEventsWaited) {
  model::RecordBuilder span =
      make_span(SpanKind::consumer, "EventHubs.process", {{"az.namespace", "Microsoft.EventHub"}});
  const auto ms = static_cast<std::int64_t>(new_year / 1'000'000);
  span.link(TraceId{}, SpanId{}, {{"enqueuedTime", ms - 1'000}});
  span.link(TraceId{}, SpanId{}, {{"enqueuedTime", std::to_string(ms - 2'000)}});
  span.link(TraceId{}, SpanId{}, {{"other", 1}});
  EXPECT_EQ(encode(span)[0].measurement("timeSinceEnqueued"), "1500");
  model::RecordBuilder future =
      make_span(SpanKind::consumer, "EventHubs.process", {{"az.namespace", "Microsoft.EventHub"}});
  future.link(TraceId{}, SpanId{}, {{"enqueuedTime", ms + 5'000}});
  EXPECT_EQ(encode(future)[0].measurement("timeSinceEnqueued"), "0");
}

}  // namespace
}  // namespace posthaste::wire

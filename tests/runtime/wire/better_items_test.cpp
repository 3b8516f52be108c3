// Where we do better than Microsoft's exporter on links, texts, times, rates, logs and scopes: one
// test for each oddity of its that tests/corpus/README.md names, by that name, with neighbours that
// the corpus does not have. Those of spans are in better_spans_test.cpp, those of metrics
// (metric-time, metric-nan-null, metric-scope, hist-no-sum, metric-attrs-unfiltered, perf-counters)
// in metric_items_test.cpp, those of time (sixty-seconds) in timestamp_test.cpp too.

#include "runtime/base/utf8.h"
#include "tests/runtime/wire/encoded.h"

#include <array>
#include <cmath>
#include <span>

namespace posthaste::wire {
namespace {

Item log(std::uint8_t severity, std::string_view body, const Attributes& attributes = {}) {
  model::RecordBuilder builder = make_log(severity, body, attributes);
  return encode(builder)[0];
}
Item span(const Attributes& attributes, std::string_view name = "n") {
  return encode_span(SpanKind::server, name, attributes)[0];
}
/// The item of the only event of a span.
Item event(std::string_view name, const Attributes& attributes) {
  model::RecordBuilder builder = make_span(SpanKind::server, "n");
  builder.event(name, new_year, true, attributes);
  return encode(builder)[1];
}
std::string repeated(std::string_view character, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += character;
  return text;
}
constexpr std::string_view smile = "\xF0\x9F\x98\x80";  // two UTF-16 units, four bytes

TEST(Better, LinksCutJson) {
  for (const std::size_t count : {1u, 100u, 101u, 150u}) {
    model::RecordBuilder builder = make_span(SpanKind::server, "n");
    for (std::size_t i = 0; i < count; ++i) {
      builder.link(*TraceId::from_hex("0af7651916cd43dd8448eb211c80319c"),
                   *SpanId::from_hex("00f067aa0ba902b7"));
    }
    const std::string text = encode(builder)[0].property("_MS.links");
    EXPECT_LE(text.size(), 8'192u);
    EXPECT_EQ(boost::json::parse(text).as_array().size(), std::min<std::size_t>(count, 100));
  }
}

TEST(Better, ArrayCutJson) {
  const std::vector<std::string_view> texts(2'000, "element");
  const std::string array = span({{"a", std::span<const std::string_view>(texts)}}).property("a");
  EXPECT_LE(array.size(), 8'192u);
  EXPECT_GT(array.size(), 8'180u);
  EXPECT_NO_THROW(static_cast<void>(boost::json::parse(array)));
  const std::string long_text(9'000, 'x');
  const std::array<Attribute, 2> map{{{"short", 1}, {"long", long_text}}};
  EXPECT_EQ(span({{"m", AttributeValue::map(Attributes(map))}}).property("m"), R"({"short":1})");
}

TEST(Better, ExceptionUndefined) {
  const Item bare = event("exception", {});
  EXPECT_EQ(bare.exception("typeName"), "Exception");
  EXPECT_EQ(bare.exception("message"), "Exception");
  EXPECT_EQ(bare.exception("stack"), "-");
  EXPECT_EQ(bare.exception("hasFullStack"), "false");
  const Item typed = event("exception", {{"exception.type", "E"}});
  EXPECT_EQ(typed.exception("message"), "E");
  EXPECT_EQ(event("exception", {{"exception.stacktrace", ""}}).exception("hasFullStack"), "false");
  EXPECT_EQ(event("exception", {{"exception.stacktrace", "at f"}}).exception("hasFullStack"),
            "true");
}

TEST(Better, ExceptionNotCut) {
  const std::string text(40'000, 'x');
  model::RecordBuilder builder(model::RecordType::log, 1u << 20);
  builder.attribute("exception.type", text).attribute("exception.message", text);
  builder.attribute("exception.stacktrace", text);
  const Item item = encode(builder)[0];
  EXPECT_EQ(item.exception("typeName").size(), 1'024u);
  EXPECT_EQ(item.exception("message").size(), 32'768u);
  EXPECT_EQ(item.exception("stack").size(), 32'768u);
}

TEST(Better, RequestNotCut) {
  const std::string text(3'000, 'x');
  const Item item = span({{"http.request.method", "GET"},
                          {"url.full", "https://h/" + text},
                          {"http.response.status_code", text}});
  EXPECT_EQ(item.field("url").size(), 2'048u);
  EXPECT_EQ(item.field("responseCode").size(), 1'024u);
  EXPECT_EQ(encode_span(SpanKind::consumer, "n",
                        {{"messaging.system", "k"}, {"messaging.destination.name", text}})[0]
                .field("source")
                .size(),
            1'024u);
}

TEST(Better, OpNameNotCut) {
  const std::string name(2'000, 'n');
  EXPECT_EQ(span({}, name).tag("ai.operation.name").size(), 1'024u);
  EXPECT_EQ(span({}, name).field("name").size(), 1'024u);
  EXPECT_EQ(log(9, "x", {{"ai.operation.name", name}}).tag("ai.operation.name").size(), 1'024u);
}

TEST(Better, TagsNotCut) {
  const std::string text(2'000, 't');
  const Item item = span({{"enduser.id", text},
                          {"enduser.pseudo.id", text},
                          {"session.id", text},
                          {"microsoft.client.ip", text},
                          {"microsoft.user.account_id", text},
                          {"microsoft.synthetic_source", text},
                          {"ai.device.id", text},
                          {"ai.device.model", text},
                          {"ai.device.type", text},
                          {"ai.device.osVersion", text}});
  EXPECT_EQ(item.tag("ai.user.authUserId").size(), 1'024u);
  EXPECT_EQ(item.tag("ai.user.id").size(), 128u);
  EXPECT_EQ(item.tag("ai.session.id").size(), 64u);
  EXPECT_EQ(item.tag("ai.location.ip").size(), 46u);
  EXPECT_EQ(item.tag("ai.user.accountId").size(), 1'024u);
  EXPECT_EQ(item.tag("ai.operation.syntheticSource").size(), 1'024u);
  EXPECT_EQ(item.tag("ai.device.id").size(), 1'024u);
  EXPECT_EQ(item.tag("ai.device.model").size(), 256u);
  EXPECT_EQ(item.tag("ai.device.type").size(), 64u);
  EXPECT_EQ(item.tag("ai.device.osVersion").size(), 256u);
  EncoderContext context = plain_context();
  context.resource = model::Resource(
      {{"service.name", text}, {"service.instance.id", text}, {"service.version", text}});
  model::RecordBuilder builder = make_span(SpanKind::server, "n");
  const Encoded encoded = encode(builder, context);
  EXPECT_EQ(encoded[0].tag("ai.cloud.role").size(), 256u);
  EXPECT_EQ(encoded[0].tag("ai.cloud.roleInstance").size(), 256u);
  EXPECT_EQ(encoded[0].tag("ai.application.ver").size(), 1'024u);
}

TEST(Better, EventNameNotCut) {
  EXPECT_EQ(
      log(9, "", {{"microsoft.custom_event.name", std::string(600, 'e')}}).field("name").size(),
      512u);
}

TEST(Better, LongKey) {
  const std::string key(151, 'k');
  EXPECT_EQ(log(9, "x", {{key, 1}}).property_keys(), std::vector<std::string>{key.substr(0, 150)});
  EXPECT_EQ(span({{key, 1}}).property_keys(), std::vector<std::string>{key.substr(0, 150)});
  const std::string exact(150, 'k');
  EXPECT_EQ(span({{exact, 1}}).property_keys(), std::vector<std::string>{exact});
}

TEST(Better, HalfSurrogate) {
  for (std::size_t shift = 0; shift < 2; ++shift) {
    const std::string name = std::string(shift, 'a') + repeated(smile, 600);
    const std::string cut = encode_span(SpanKind::client, name)[0].field("name");
    EXPECT_TRUE(is_utf8(cut));
    EXPECT_EQ(cut.size(), shift + 4 * (512 - shift)) << "1024 units, or one less";
  }
  for (std::size_t shift = 0; shift < 4; ++shift) {
    const std::string text = std::string(shift, 'a') + repeated(smile, 3'000);
    const std::string cut = span({{"k", text}}).property("k");
    EXPECT_TRUE(is_utf8(cut));
    EXPECT_LE(cut.size(), 8'192u) << "bytes";
    EXPECT_GT(cut.size(), 8'188u);
  }
}

TEST(Better, BytesDecimal) {
  const std::string_view bytes("\x00\x01\xFE\xFF", 4);
  const AttributeValue value = AttributeValue::bytes(std::as_bytes(std::span(bytes)));
  EXPECT_EQ(span({{"b", value}}).property("b"), "AAH+/w==");
  model::RecordBuilder builder = make_log(9, "");
  builder.body(value);
  EXPECT_EQ(encode(builder)[0].field("message"), "AAH+/w==");
  const std::array<AttributeValue, 1> list{value};
  EXPECT_EQ(span({{"l", AttributeValue::list(list)}}).property("l"), R"(["AAH+/w=="])");
}

TEST(Better, ProtoKey) {
  for (const char* key : {"__proto__", "constructor", "toString", "hasOwnProperty"}) {
    EXPECT_EQ(span({{key, "kept"}}).property(key), "kept");
  }
}

TEST(Better, TimeMsOnlyAndOneMsOff) {
  model::RecordBuilder builder = make_span(SpanKind::server, "n");
  const auto time_at = [&](std::uint64_t nanoseconds) {
    builder.head().start = new_year + nanoseconds;
    builder.head().end = builder.head().start;
    return encode(builder)[0].top("time");
  };
  EXPECT_EQ(time_at(123'456'789), "2026-01-01T00:00:00.1234567Z");
  EXPECT_EQ(time_at(130'000'000), "2026-01-01T00:00:00.1300000Z");
  EXPECT_EQ(time_at(999'999'999), "2026-01-01T00:00:00.9999999Z");
}

TEST(Better, SixtySeconds) {
  model::RecordBuilder builder = make_span(SpanKind::server, "n");
  const auto lasting = [&](std::uint64_t nanoseconds) {
    builder.head().end = new_year + nanoseconds;
    return encode(builder)[0].field("duration");
  };
  EXPECT_EQ(lasting(59'999'999'990), "00:01:00.000");
  EXPECT_EQ(lasting(3'599'999'999'950), "01:00:00.000");
  EXPECT_EQ(lasting(86'399'999'999'990), "1.00:00:00.000");
  EXPECT_EQ(lasting(59'999'999'949), "00:00:59.9999999");
}

TEST(Better, SampleRateOddAndOldName) {
  const auto rate = [](const Attributes& attributes) { return span(attributes).top("sampleRate"); };
  EXPECT_EQ(rate({{"microsoft.sample_rate", 25}}), "25");
  EXPECT_EQ(rate({{"microsoft.sample_rate", "12.5"}}), std::to_string(12.5));
  EXPECT_EQ(rate({{"_MS.sampleRate", 20}}), "20");
  EXPECT_EQ(rate({{"microsoft.sample_rate", 25}, {"_MS.sampleRate", 20}}), "25");
  EXPECT_EQ(rate({{"microsoft.sample_rate", 0}, {"_MS.sampleRate", 20}}), "20");
  for (const AttributeValue& odd :
       {AttributeValue(0), AttributeValue(-5), AttributeValue(250), AttributeValue("many"),
        AttributeValue(std::nan("")), AttributeValue(true), AttributeValue()}) {
    EXPECT_EQ(rate({{"microsoft.sample_rate", odd}}), "100");
  }
}

TEST(Better, LogSampleRate) {
  EXPECT_EQ(log(9, "x", {{"microsoft.sample_rate", 25}}).top("sampleRate"), "25");
  model::RecordBuilder builder = make_log(9, "x");
  builder.head().sample_rate = 5;
  EXPECT_EQ(encode(builder)[0].top("sampleRate"), "5");
}

TEST(Better, LogExceptionLostAndAsMessage) {
  const Item no_stack = log(17, "oops", {{"exception.type", "IOError"}});
  EXPECT_EQ(no_stack.base_type(), "ExceptionData");
  EXPECT_EQ(no_stack.exception("typeName"), "IOError");
  EXPECT_EQ(no_stack.exception("message"), "oops");
  EXPECT_EQ(no_stack.exception("hasFullStack"), "false");
  EXPECT_EQ(no_stack.field("severityLevel"), "Error");
  const Item only_message = log(17, "", {{"exception.message", "disk full"}});
  EXPECT_EQ(only_message.exception("typeName"), "Exception");
  EXPECT_EQ(only_message.exception("message"), "disk full");
  const Item only_stack = log(17, "", {{"exception.stacktrace", "at f"}});
  EXPECT_EQ(only_stack.exception("message"), "Exception");
  EXPECT_EQ(only_stack.exception("hasFullStack"), "true");
  EXPECT_EQ(log(17, "", {{"exception.type", "E"}}).exception("message"), "E");
}

TEST(Better, LogExceptionBodyLost) {
  EXPECT_EQ(
      log(17, "body", {{"exception.type", "E"}, {"exception.message", "m"}}).property("log.body"),
      "body");
  EXPECT_EQ(
      log(17, "m", {{"exception.type", "E"}, {"exception.message", "m"}}).property("log.body"),
      "-");
}

TEST(Better, LogLegacyLost) {
  for (const char* type : {"EventData", "ExceptionData", "AvailabilityData", "PageViewData",
                           "MessageData", "NoSuchData", ""}) {
    const Item item = log(9, "text", {{"_MS.baseType", type}});
    EXPECT_EQ(item.base_type(), "MessageData") << type;
    EXPECT_EQ(item.field("message"), "text");
  }
}

TEST(Better, LogEventName) {
  model::RecordBuilder builder = make_log(9, "x");
  builder.text(model::EntryKind::event_name, "order.placed");
  EXPECT_EQ(encode(builder)[0].property("event.name"), "order.placed");
}

TEST(Better, LogSeverityText) {
  const auto level = [](std::uint8_t number, std::string_view text) {
    model::RecordBuilder builder = make_log(number, "x");
    builder.text(model::EntryKind::severity_text, text);
    return encode(builder)[0].field("severityLevel");
  };
  EXPECT_EQ(level(0, "TRACE"), "Verbose");
  EXPECT_EQ(level(0, "info"), "Information");
  EXPECT_EQ(level(0, "Warning"), "Warning");
  EXPECT_EQ(level(0, "ERROR3"), "Error");
  EXPECT_EQ(level(0, "fatal"), "Critical");
  EXPECT_EQ(level(0, "loud"), "-");
  EXPECT_EQ(level(9, "ERROR"), "Information") << "the number comes first";
  EXPECT_EQ(level(99, "ERROR"), "-") << "there is a number";
}

TEST(Better, LogMicrosoftPrefix) {
  const Item item = log(9, "x",
                        {{"microsoftx", "a"},
                         {"microsoft", "b"},
                         {"microsoft.x", "c"},
                         {"_MS.y", "d"},
                         {"_MSx", "e"}});
  EXPECT_EQ(item.property_keys(), (std::vector<std::string>{"_MSx", "microsoft", "microsoftx"}));
}

TEST(Better, LogNoUa) {
  const Item item =
      log(9, "x", {{"user_agent.original", "ua/1"}, {"client.address", "203.0.113.9"}});
  EXPECT_EQ(item.tag("ai.user.userAgent"), "ua/1");
  EXPECT_EQ(item.tag("ai.location.ip"), "203.0.113.9");
  EXPECT_TRUE(item.property_keys().empty());
  EXPECT_EQ(log(9, "x", {{"network.peer.address", "10.0.0.1"}}).tag("ai.location.ip"), "-")
      << "nobody says that this is a client";
}

TEST(Better, ScopeDropped) {
  EncoderContext context = plain_context();
  context.include_scope = true;
  context.scope_of = [](std::uint16_t) { return Scope{"checkout", ""}; };
  model::RecordBuilder builder = make_log(9, "x");
  const Encoded encoded = encode(builder, context);
  EXPECT_EQ(encoded[0].property("otel.scope.name"), "checkout");
  EXPECT_EQ(encoded[0].property("otel.scope.version"), "-");
  context.include_scope = false;
  EXPECT_EQ(encode(builder, context)[0].property("otel.scope.name"), "-");
}

}  // namespace
}  // namespace posthaste::wire

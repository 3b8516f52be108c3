#include "tests/runtime/wire/encoded.h"
#include "tests/runtime/wire/seeded_random.h"

#include <array>
#include <cstring>
#include <limits>
#include <random>

namespace posthaste::wire {
namespace {

std::string property_of(const AttributeValue& value) {
  return encode_span(SpanKind::internal, "s", {{"k", value}})[0].property("k");
}

TEST(EnvelopeEncoder, WritesTheWholeLineOfAPlainSpan) {
  EncoderContext context = plain_context();
  context.sdk_version = "v";
  model::RecordBuilder span = make_span(SpanKind::client, "charge", {{"order", 42}});
  EXPECT_EQ(encode(span, context).text,
            R"({"ver":1,"name":"Microsoft.ApplicationInsights.RemoteDependency",)"
            R"("iKey":"11111111-2222-3333-4444-555555555555",)"
            R"("sampleRate":100,"data":{"baseType":"RemoteDependencyData","baseData":{"ver":2,)"
            R"("name":"charge","success":true,"resultCode":"0","type":"Dependency",)"
            R"("properties":{"order":"42"},)"
            R"("duration":"00:00:00.045","id":"00f067aa0ba902b7"}},)"
            R"("time":"2026-01-01T00:00:00.0000000Z",)"
            R"("tags":{"ai.operation.id":"0af7651916cd43dd8448eb211c80319c",)"
            R"("ai.operation.parentId":"77dfbb4e8a3bdbfc",)"
            R"("ai.internal.sdkVersion":"v","ai.cloud.role":"shop"}})"
            "\n");
}

TEST(EnvelopeEncoder, ReadsTicksByItsScale) {
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.head().flags = 0;
  span.head().start = 1'000;
  span.head().end = 4'000;
  EncoderContext context = plain_context();
  context.tick_scale = {1'000, static_cast<std::int64_t>(new_year), std::uint64_t{500} << 32};
  const Encoded encoded = encode(span, context);
  EXPECT_EQ(encoded[0].top("time"), "2026-01-01T00:00:00.0000000Z");
  EXPECT_EQ(encoded[0].field("duration"), "00:00:00.0015");
}

TEST(EnvelopeEncoder, ReadsASpanWithOneTickAndOneWallTime) {
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.head().flags = model::record_flag::start_is_wall;
  span.head().end = 5;
  EncoderContext context = plain_context();
  context.tick_scale = {5, static_cast<std::int64_t>(new_year + 2'000'000'000),
                        std::uint64_t{1} << 32};
  EXPECT_EQ(encode(span, context)[0].field("duration"), "00:00:02.000");
}

TEST(EnvelopeEncoder, ASpanThatEndsBeforeItStartsTookNoTime) {
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.head().end = new_year - 1;
  EXPECT_EQ(encode(span)[0].field("duration"), "00:00:00.000");
}

TEST(Properties, AreTheTextOfAnyValue) {
  EXPECT_EQ(property_of("text"), "text");
  EXPECT_EQ(property_of(true), "true");
  EXPECT_EQ(property_of(-5), "-5");
  EXPECT_EQ(property_of(INT64_MAX), "9223372036854775807");
  EXPECT_EQ(property_of(1.5), "1.5");
  EXPECT_EQ(property_of(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(property_of(-std::numeric_limits<double>::infinity()), "-Infinity");
  const std::array<std::string_view, 2> texts{"say \"hi\"", "b"};
  EXPECT_EQ(property_of(std::span<const std::string_view>(texts)), R"(["say \"hi\"","b"])");
  const std::array<double, 3> doubles{1.5, std::numeric_limits<double>::quiet_NaN(), 1e21};
  EXPECT_EQ(property_of(std::span<const double>(doubles)), "[1.5,null,1e+21]");
  const std::array<bool, 2> flags{true, false};
  EXPECT_EQ(property_of(std::span<const bool>(flags)), "[true,false]");
}

TEST(Properties, AreCutToTheirLimits) {
  EXPECT_EQ(property_of(std::string(9'000, 'x')).size(), 8'192u);
  EXPECT_EQ(property_of("x" + std::string(9'000, 'y')).size(), 8'192u);
  std::string wide;
  for (int i = 0; i < 5'000; ++i) wide += "é";
  EXPECT_EQ(property_of("x" + wide).size(), 8'191u) << "a whole character less";
  const std::string key(200, 'k');
  const Item item = encode_span(SpanKind::internal, "s", {{key, 1}})[0];
  EXPECT_EQ(item.property_keys(), std::vector<std::string>{std::string(150, 'k')});
}

TEST(Properties, OfTwoLongKeysThatBecomeOneTheLaterIsKept) {
  const std::string key(160, 'k');
  const Encoded encoded =
      encode_span(SpanKind::internal, "s", {{key + "1", "a"}, {key + "2", "b"}});
  EXPECT_EQ(count_of(encoded.text, std::string(150, 'k')), 1u);
  EXPECT_EQ(encoded[0].property(std::string(150, 'k').c_str()), "b");
}

TEST(Properties, LeaveOutWholeElementsOfALongArray) {
  std::vector<std::string> texts(1'000, "element");
  std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::string text = property_of(std::span<const std::string_view>(views));
  EXPECT_LE(text.size(), 8'192u);
  EXPECT_GT(text.size(), 8'180u);
  EXPECT_EQ(boost::json::parse(text).as_array().size(), 819u);
}

TEST(Properties, OfOursGiveWayToAnAttributeOfThatName) {
  model::RecordBuilder span =
      make_span(SpanKind::client, "s", {{"otel.status_description", "theirs"}}, StatusCode::error);
  span.text(model::EntryKind::status_description, "ours");
  const Encoded encoded = encode(span);
  EXPECT_EQ(count_of(encoded.text, "otel.status_description"), 1u);
  EXPECT_EQ(encoded[0].property("otel.status_description"), "theirs");
}

TEST(Properties, SayWhatWasLeftOutOfTheRecord) {
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.head().dropped_attributes = 3;
  span.head().dropped_events = 2;
  span.head().dropped_links = 1;
  const Encoded encoded = encode(span);
  EXPECT_EQ(encoded[0].property("otel.dropped_attributes_count"), "3");
  EXPECT_EQ(encoded[0].property("otel.dropped_events_count"), "2");
  EXPECT_EQ(encoded[0].property("otel.dropped_links_count"), "1");
}

TEST(Properties, NameTheScopeWhenAskedTo) {
  EncoderContext context = plain_context();
  context.scope_of = [](std::uint16_t scope) {
    return scope == 7 ? Scope{"checkout", "1.2"} : Scope{};
  };
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.head().scope = 7;
  EXPECT_EQ(encode(span, context)[0].property("otel.scope.name"), "-");
  context.include_scope = true;
  EXPECT_EQ(encode(span, context)[0].property("otel.scope.name"), "checkout");
  EXPECT_EQ(encode(span, context)[0].property("otel.scope.version"), "1.2");
}

TEST(Links, AreOnePropertyThatIsValidJson) {
  model::RecordBuilder span = make_span(SpanKind::internal, "joined");
  for (std::uint8_t i = 0; i < 150; ++i) {
    TraceId trace;
    trace.bytes[0] = static_cast<std::uint8_t>(i + 1);
    span.link(trace, SpanId{{i}});
  }
  const std::string text = encode(span)[0].property("_MS.links");
  const boost::json::array links = boost::json::parse(text).as_array();
  EXPECT_EQ(links.size(), 100u);
  EXPECT_EQ(links[0].at("operation_Id").as_string(), "01000000000000000000000000000000");
  EXPECT_EQ(links[99].at("id").as_string(), "6300000000000000");
  EXPECT_LE(text.size(), 8'192u);
}

TEST(Encoder, OfAPartOfTheRecordsEachItemStandsForMore) {
  model::RecordBuilder span = make_span(SpanKind::server, "GET /x", {});
  span.event("cache miss", new_year + 1'000'000, true, {});
  span.head().sample_rate = 50;
  EnvelopeEncoder encoder(plain_context());
  encoder.set_part(0.25);
  ByteBuffer out;
  const auto record = model::RecordView::from(span.bytes());
  ASSERT_EQ(encoder.encode(*record, out).items, 2u);
  const std::string text(out.view());
  const std::size_t first = text.find("\"sampleRate\":12.5");
  EXPECT_NE(first, std::string::npos) << text;
  EXPECT_NE(text.find("\"sampleRate\":12.5", first + 1), std::string::npos) << "the event's too";
}

TEST(Events, BecomeItemsBehindTheirSpan) {
  model::RecordBuilder span =
      make_span(SpanKind::server, "GET /x",
                {{"enduser.id", "alice"}, {"session.id", "s-1"}, {"client.address", "1.2.3.4"}});
  span.event("cache miss", new_year + 1'000'000, true, {{"key", "k1"}});
  span.event("exception", new_year + 2'000'000, true,
             {{"exception.type", "RangeError"},
              {"exception.message", "boom"},
              {"exception.stacktrace", "at f()"},
              {"exception.escaped", true}});
  span.head().sample_rate = 50;
  const Encoded encoded = encode(span);
  ASSERT_EQ(encoded.result.items, 3u);
  EXPECT_EQ(encoded[0].base_type(), "RequestData");
  EXPECT_EQ(encoded[1].base_type(), "MessageData");
  EXPECT_EQ(encoded[1].field("message"), "cache miss");
  EXPECT_EQ(encoded[1].property("key"), "k1");
  EXPECT_EQ(encoded[1].top("time"), "2026-01-01T00:00:00.0010000Z");
  EXPECT_EQ(encoded[2].base_type(), "ExceptionData");
  EXPECT_EQ(encoded[2].exception("typeName"), "RangeError");
  EXPECT_EQ(encoded[2].exception("message"), "boom");
  EXPECT_EQ(encoded[2].exception("stack"), "at f()");
  EXPECT_EQ(encoded[2].property_keys(), std::vector<std::string>{"exception.escaped"});
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(encoded[i].tag("ai.operation.parentId"), "00f067aa0ba902b7") << "the span itself";
    EXPECT_EQ(encoded[i].tag("ai.operation.name"), "GET /x");
    EXPECT_EQ(encoded[i].tag("ai.user.authUserId"), "alice");
    EXPECT_EQ(encoded[i].tag("ai.location.ip"), "1.2.3.4");
    EXPECT_EQ(encoded[i].tag("ai.session.id"), "s-1");
    EXPECT_EQ(encoded[i].top("sampleRate"), "50");
  }
}

TEST(Events, HaveTheirOwnSessionBeforeTheirSpans) {
  model::RecordBuilder span = make_span(SpanKind::server, "s", {{"session.id", "span"}});
  span.event("e", new_year, true, {{"session.id", "event"}});
  EXPECT_EQ(encode(span)[1].tag("ai.session.id"), "event");
}

TEST(Events, OfAnExceptionSayWhatIsMissingPlainly) {
  const auto exception = [](const Attributes& attributes) {
    model::RecordBuilder span = make_span(SpanKind::server, "s");
    span.event("exception", new_year, true, attributes);
    return encode(span)[1];
  };
  const Item bare = exception({});
  EXPECT_EQ(bare.exception("typeName"), "Exception");
  EXPECT_EQ(bare.exception("hasFullStack"), "false");
  EXPECT_EQ(bare.exception("stack"), "-");
  const Item type_only = exception({{"exception.type", "RangeError"}});
  EXPECT_EQ(type_only.exception("message"), "RangeError");
  const Item empty_stack = exception({{"exception.type", "E"}, {"exception.stacktrace", ""}});
  EXPECT_EQ(empty_stack.exception("stack"), "");
  EXPECT_EQ(empty_stack.exception("hasFullStack"), "false");
}

TEST(Limits, CutEveryFieldBetweenCharacters) {
  const std::string name = std::string(1'023, 'n') + "😀";
  EXPECT_EQ(encode_span(SpanKind::client, name)[0].field("name"), std::string(1'023, 'n'));
  const std::string code(2'000, '4');
  EXPECT_EQ(
      encode_span(SpanKind::server, "s", {{"http.method", "GET"}, {"http.status_code", code}})[0]
          .field("responseCode")
          .size(),
      1'024u);
  const std::string url = "https://h/" + std::string(4'000, 'u');
  EXPECT_EQ(encode_span(SpanKind::server, "s", {{"http.method", "GET"}, {"http.url", url}})[0]
                .field("url")
                .size(),
            2'048u);
  EXPECT_EQ(encode_span(SpanKind::client, "s", {{"db.system", code}})[0].field("type").size(),
            1'024u);
}

TEST(Limits, MessagesAndStacksMayBeLong) {
  model::RecordBuilder builder = make_log(9, std::string(40'000, 'm'));
  EXPECT_EQ(encode(builder)[0].field("message").size(), 32'768u);
}

/// A span with `count` properties of `size` quotation marks, each two bytes of JSON.
Encoded with_long_properties(int count, std::size_t size) {
  model::RecordBuilder span(model::RecordType::span, 16u << 20);
  const std::string value(size, '"');
  for (int i = 0; i < count; ++i) span.attribute("key" + std::to_string(i), value);
  return encode(span);
}

TEST(Limits, AnItemIsLeftAloneUpToItsLimit) {
  const Encoded encoded = with_long_properties(15, 8'192);
  EXPECT_GT(encoded.text.size(), 240'000u);
  for (const std::string& key : encoded[0].property_keys()) {
    EXPECT_EQ(encoded[0].property(key.c_str()).size(), 8'192u);
  }
}

TEST(Limits, OfAnItemAboveItsLimitTheLongestTextsAreCutTogether) {
  const Encoded encoded = with_long_properties(40, 8'192);
  ASSERT_EQ(encoded.result.items, 1u);
  EXPECT_LE(encoded.text.size(), item_size_limit);
  EXPECT_EQ(encoded[0].property_keys().size(), 40u);
  const std::size_t kept = encoded[0].property("key0").size();
  EXPECT_GT(kept, 2'000u) << "cut, not thrown away";
  EXPECT_EQ(encoded[0].property("key39").size(), kept);
}

TEST(Limits, AnItemOfControlCharactersIsCutToo) {
  model::RecordBuilder log(model::RecordType::log, 16u << 20);
  const std::string text(100'000, '\x01');
  log.body(text).attribute("exception.stacktrace", text);
  const Encoded encoded = encode(log);
  ASSERT_EQ(encoded.result.items, 1u);
  EXPECT_LE(encoded.text.size(), item_size_limit);
}

TEST(Limits, AConversationMayBeLongerThanOtherProperties) {
  const std::string text(250'000, 'g');
  for (const char* key :
       {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions",
        "gen_ai.tool.definitions", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result",
        "gen_ai.evaluation.explanation"}) {
    model::RecordBuilder span(model::RecordType::span, 16u << 20);
    span.attribute(key, text).attribute("other", text);
    const Item item = encode(span)[0];
    EXPECT_EQ(item.property(key).size(), 250'000u);
    EXPECT_EQ(item.property("other").size(), 8'192u);
  }
  model::RecordBuilder longer(model::RecordType::span, 16u << 20);
  longer.attribute("gen_ai.input.messages", std::string(400'000, 'g'));
  const std::size_t kept = encode(longer)[0].property("gen_ai.input.messages").size();
  EXPECT_GT(kept, 190'000u);
  EXPECT_LT(kept, item_size_limit);
}

TEST(Refusals, ADamagedRecordIsRefusedAndLeavesTheBufferAsItWas) {
  model::RecordBuilder span = make_span(SpanKind::client, "s", {{"k", "v"}});
  span.event("e", new_year, true);
  std::vector<std::byte> bytes(span.bytes().begin(), span.bytes().end());
  const std::uint32_t too_long = 5'000;
  std::memcpy(bytes.data() + sizeof(model::RecordHead) + 4, &too_long, sizeof too_long);
  EnvelopeEncoder encoder(plain_context());
  ByteBuffer out;
  out.append("kept\n");
  const EncodeResult result = encoder.encode(*model::RecordView::from(bytes), out);
  EXPECT_EQ(result.refused, EncodeRefusal::damaged);
  EXPECT_EQ(result.items, 0u);
  EXPECT_EQ(out.view(), "kept\n");
}

TEST(Refusals, AnyDamageGivesValidLinesOrNone) {
  model::RecordBuilder span = make_span(SpanKind::server, "GET /x",
                                        {{"http.request.method", "GET"},
                                         {"http.route", "/x"},
                                         {"url.full", "https://u:p@h:1/x?sig=1"},
                                         {"a", 1.5}});
  span.event("exception", new_year, true, {{"exception.type", "E"}});
  span.link(TraceId{}, SpanId{}, {{"enqueuedTime", 5}});
  const std::vector<std::byte> whole(span.bytes().begin(), span.bytes().end());
  EnvelopeEncoder encoder(plain_context());
  SeededRandom random(13);
  int encoded = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::byte> bytes = whole;
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto record = model::RecordView::from(bytes);
    if (!record) continue;
    ByteBuffer out;
    const EncodeResult result = encoder.encode(*record, out);
    EXPECT_EQ(result.refused == EncodeRefusal::none, result.items > 0);
    std::string_view rest = out.view();
    for (std::uint32_t i = 0; i < result.items; ++i) {
      const std::size_t end = rest.find('\n');
      ASSERT_NO_THROW(boost::json::parse(rest.substr(0, end))) << rest.substr(0, end);
      rest.remove_prefix(end + 1);
      ++encoded;
    }
    EXPECT_TRUE(rest.empty());
  }
  EXPECT_GT(encoded, 1'000);
}

/// A span or log whose every part is drawn.
model::RecordBuilder drawn_record(SeededRandom& random) {
  constexpr const char* keys[] = {"http.request.method", "url.full",   "server.address",
                                  "enduser.id",          "session.id", "db.system",
                                  "ai.device.id",        "order",      "user_agent.original",
                                  "error.type",          "http.route", "net.peer.ip"};
  constexpr const char* values[] = {"", "GET", "https://a.example/b?c=d", "x\"y", "10.0.0.1"};
  AttributeList attributes;
  for (std::uint32_t i = random() % 6; i > 0; --i) {
    const char* const key = keys[random() % std::size(keys)];
    if (random() % 4 == 0) {
      attributes.push_back({key, static_cast<std::int64_t>(random() % 600)});
    } else {
      attributes.push_back({key, values[random() % std::size(values)]});
    }
  }
  if (random() % 4 == 0) return make_log(9, "body", all_of(attributes));
  model::RecordBuilder span =
      make_span(static_cast<SpanKind>(random() % 5), "GET /x", all_of(attributes));
  for (std::uint32_t i = random() % 3; i > 0; --i) {
    span.event(random() % 2 == 0 ? "exception" : "e", new_year, true, all_of(attributes));
  }
  if (random() % 2 == 0) span.head().parent_span_id = {};
  span.head().sample_rate = random() % 3 == 0 ? 25 : 100;
  return span;
}

TEST(EnvelopeEncoder, GivesARecordTheSameLinesWhateverItEncodedBefore) {
  SeededRandom random(11);
  EnvelopeEncoder used(plain_context());
  for (int i = 0; i < 2'000; ++i) {
    model::RecordBuilder builder = drawn_record(random);
    ByteBuffer out;
    const EncodeResult result = used.encode(*model::RecordView::from(builder.bytes()), out);
    const Encoded alone = encode(builder);
    ASSERT_EQ(result.items, alone.result.items) << "record " << i;
    ASSERT_EQ(out.view(), alone.text) << "record " << i;
  }
}

TEST(EnvelopeEncoder, EncodesManyRecordsWithoutMixingThem) {
  EnvelopeEncoder encoder(plain_context());
  ByteBuffer out;
  for (int i = 0; i < 3; ++i) {
    model::RecordBuilder server = make_span(SpanKind::server, "first", {{"enduser.id", "alice"}});
    model::RecordBuilder plain = make_span(SpanKind::client, "second");
    encoder.encode(*model::RecordView::from(server.bytes()), out);
    const std::size_t before = out.size();
    encoder.encode(*model::RecordView::from(plain.bytes()), out);
    const std::string_view second = out.view().substr(before);
    EXPECT_EQ(second.find("alice"), std::string_view::npos);
    EXPECT_EQ(second.find("first"), std::string_view::npos);
  }
}

TEST(Properties, OfConversationsMayBeLongAsListsToo) {
  const std::string part(3'000, 'p');
  const std::array<std::string_view, 4> parts{part, part, part, part};
  const std::span<const std::string_view> list(parts);
  const Item item = encode_span(SpanKind::client, "s",
                                {{"gen_ai.input.messages", list}, {"gen_ai.other", list}})[0];
  EXPECT_GT(item.property("gen_ai.input.messages").size(), 12'000u);
  EXPECT_LE(item.property("gen_ai.other").size(), 8'192u);
}

TEST(Properties, LeaveOutEmptyAttributesOfConventionsButNotTheApplications) {
  const AttributeList list{{"http.flavor", ""}, {"net.peer.name", ""}, {"mine", ""}};
  const Attributes attributes = all_of(list);
  const std::vector<std::string> mine{"mine"};
  EXPECT_EQ(encode_span(SpanKind::client, "s", attributes)[0].property_keys(), mine);
  model::RecordBuilder log = make_log(9, "x", attributes);
  EXPECT_EQ(encode(log)[0].property_keys(), mine);
}

}  // namespace
}  // namespace posthaste::wire

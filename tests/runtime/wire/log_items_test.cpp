#include "runtime/wire/log_data.h"
#include "tests/runtime/wire/encoded.h"

#include <array>

namespace posthaste::wire {
namespace {

Item log(std::uint8_t severity, std::string_view body, const Attributes& attributes = {}) {
  model::RecordBuilder builder = make_log(severity, body, attributes);
  return encode(builder)[0];
}

TEST(Severity, FollowsTheNumberThenTheText) {
  EXPECT_EQ(severity_level(1, ""), "Verbose");
  EXPECT_EQ(severity_level(8, ""), "Verbose");
  EXPECT_EQ(severity_level(9, ""), "Information");
  EXPECT_EQ(severity_level(13, ""), "Warning");
  EXPECT_EQ(severity_level(17, ""), "Error");
  EXPECT_EQ(severity_level(24, "debug"), "Critical");
  EXPECT_EQ(severity_level(0, "Warn"), "Warning");
  EXPECT_EQ(severity_level(0, "ERROR2"), "Error");
  EXPECT_EQ(severity_level(0, ""), "");
  EXPECT_EQ(severity_level(25, "odd"), "");
}

TEST(LogItems, APlainLogIsAMessage) {
  const Item item = log(13, "low stock", {{"sku", "a-1"}});
  EXPECT_EQ(item.base_type(), "MessageData");
  EXPECT_EQ(item.field("message"), "low stock");
  EXPECT_EQ(item.field("severityLevel"), "Warning");
  EXPECT_EQ(item.property("sku"), "a-1");
  EXPECT_EQ(item.tag("ai.operation.id"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(item.tag("ai.operation.parentId"), "00f067aa0ba902b7");
  EXPECT_EQ(item.top("time"), "2026-01-01T00:00:00.0000000Z");
}

TEST(LogItems, ALogWithoutASpanHasNoOperation) {
  model::RecordBuilder builder = make_log(9, "hello");
  builder.head().trace_id = {};
  builder.head().span_id = {};
  const Encoded encoded = encode(builder);
  EXPECT_EQ(encoded[0].tag("ai.operation.id"), "-");
  EXPECT_EQ(encoded[0].tag("ai.operation.parentId"), "-");
}

TEST(LogItems, AnEmptyBodyIsNotAvailable) {
  EXPECT_EQ(log(9, "").field("message"), "n/a");
  EXPECT_EQ(log(0, "").field("severityLevel"), "-");
}

TEST(LogItems, ABodyOfAnyTypeIsText) {
  model::RecordBuilder builder = make_log(9, "");
  builder.body(42);
  EXPECT_EQ(encode(builder)[0].field("message"), "42");
  const std::array<std::string_view, 2> texts{"a", "b"};
  builder.body(std::span<const std::string_view>(texts));
  EXPECT_EQ(encode(builder)[0].field("message"), R"(["a","b"])");
}

TEST(LogItems, ALogWithoutATimeTakesTheOneItWasSeenAt) {
  model::RecordBuilder builder = make_log(9, "x");
  builder.head().start = 0;
  builder.head().end = new_year + 1'000'000'000;
  EXPECT_EQ(encode(builder)[0].top("time"), "2026-01-01T00:00:01.0000000Z");
}

TEST(LogItems, AnyExceptionAttributeMakesAnException) {
  const Item whole = log(17, "checkout failed",
                         {{"exception.type", "std::runtime_error"},
                          {"exception.message", "no stock"},
                          {"exception.stacktrace", "at f()"},
                          {"order", 7}});
  EXPECT_EQ(whole.base_type(), "ExceptionData");
  EXPECT_EQ(whole.exception("typeName"), "std::runtime_error");
  EXPECT_EQ(whole.exception("message"), "no stock");
  EXPECT_EQ(whole.exception("stack"), "at f()");
  EXPECT_EQ(whole.exception("hasFullStack"), "true");
  EXPECT_EQ(whole.field("severityLevel"), "Error");
  EXPECT_EQ(whole.property("log.body"), "checkout failed");
  EXPECT_EQ(whole.property_keys(), (std::vector<std::string>{"log.body", "order"}));
  const Item type_only = log(17, "boom", {{"exception.type", "E"}});
  EXPECT_EQ(type_only.exception("message"), "boom");
  EXPECT_EQ(type_only.exception("hasFullStack"), "false");
  EXPECT_EQ(type_only.exception("stack"), "-");
  EXPECT_EQ(type_only.property("log.body"), "-") << "the message is the body";
  const Item message_only = log(17, "", {{"exception.message", "m"}});
  EXPECT_EQ(message_only.exception("typeName"), "Exception");
}

TEST(LogItems, ANamedEventIsACustomEvent) {
  const Item item = log(9, "body", {{"microsoft.custom_event.name", "order placed"}, {"n", 1}});
  EXPECT_EQ(item.base_type(), "EventData");
  EXPECT_EQ(item.field("name"), "order placed");
  EXPECT_EQ(item.property("n"), "1");
  const std::string name(600, 'n');
  EXPECT_EQ(log(9, "", {{"microsoft.custom_event.name", name}}).field("name").size(), 512u);
}

TEST(LogItems, TheEventsNameIsAProperty) {
  model::RecordBuilder builder = make_log(9, "x");
  builder.text(model::EntryKind::event_name, "user.login");
  EXPECT_EQ(encode(builder)[0].property("event.name"), "user.login");
}

TEST(LogItems, UserAndOperationBecomeTags) {
  model::RecordBuilder builder = make_log(
      9, "x",
      {{"enduser.id", "alice"}, {"user_agent.original", "ua"}, {"client.address", "1.2.3.4"}});
  builder.text(model::EntryKind::operation_name, "GET /x");
  const Encoded encoded = encode(builder);
  EXPECT_EQ(encoded[0].tag("ai.user.authUserId"), "alice");
  EXPECT_EQ(encoded[0].tag("ai.user.userAgent"), "ua");
  EXPECT_EQ(encoded[0].tag("ai.location.ip"), "1.2.3.4");
  EXPECT_EQ(encoded[0].tag("ai.operation.name"), "GET /x");
  EXPECT_TRUE(encoded[0].property_keys().empty());
}

TEST(LogItems, OnlyThePrefixWithItsDotBelongsToTheExporters) {
  const Item item = log(9, "x",
                        {{"microsoft.internal", 1},
                         {"microsoftx", 2},
                         {"_MS.x", 3},
                         {"_MS.ProcessedByMetricExtractors", "y"},
                         {"microsoft.gen_ai.main_agent.name", "a"}});
  EXPECT_EQ(item.property_keys(),
            (std::vector<std::string>{"_MS.ProcessedByMetricExtractors",
                                      "microsoft.gen_ai.main_agent.name", "microsoftx"}));
}

/// A log whose body is a map.
Encoded map_log(const AttributeList& body, const AttributeList& attributes) {
  model::RecordBuilder builder = make_log(9, "", all_of(attributes));
  builder.body(AttributeValue::map(all_of(body)));
  return encode(builder);
}

TEST(LogItems, AMapOrListAsBodyIsJsonText) {
  const std::array<AttributeValue, 2> list{1, "x"};
  EXPECT_EQ(
      map_log({{"event", "login"}, {"l", AttributeValue::list(list)}}, {})[0].field("message"),
      R"({"event":"login","l":[1,"x"]})");
}

TEST(LogItems, AnAttributeWithoutAValueIsTheWordNull) {
  EXPECT_EQ(log(9, "x", {{"nil", AttributeValue()}}).property("nil"), "null");
  EXPECT_EQ(encode_span(SpanKind::client, "s", {{"nil", AttributeValue()}})[0].property("nil"),
            "-");
}

TEST(Availability, NeedsIdNameDurationAndSuccess) {
  const AttributeList whole{{"microsoft.availability.id", "av-1"},
                            {"microsoft.availability.name", "ping"},
                            {"microsoft.availability.duration", "00:00:00.250"},
                            {"microsoft.availability.success", "TRUE"},
                            {"microsoft.availability.runLocation", "West Europe"},
                            {"region", "eu"}};
  const Item item = log(9, "all well", all_of(whole));
  EXPECT_EQ(item.top("name"), "Microsoft.ApplicationInsights.Availability");
  EXPECT_EQ(item.base_type(), "AvailabilityData");
  EXPECT_EQ(item.field("id"), "av-1");
  EXPECT_EQ(item.field("name"), "ping");
  EXPECT_EQ(item.field("duration"), "00:00:00.250");
  EXPECT_EQ(item.field("success"), "true");
  EXPECT_EQ(item.field("runLocation"), "West Europe");
  EXPECT_EQ(item.field("message"), "all well");
  EXPECT_EQ(item.property_keys(), std::vector<std::string>{"region"});
  EXPECT_EQ(log(9, "", all_of(whole)).field("message"), "-") << "not n/a";
  for (std::size_t left_out = 0; left_out < 4; ++left_out) {
    AttributeList part = whole;
    part.erase(part.begin() + static_cast<std::ptrdiff_t>(left_out));
    EXPECT_EQ(log(9, "x", all_of(part)).base_type(), "MessageData");
  }
}

TEST(Availability, TakesNumbersAsTextsButNothingEmpty) {
  const auto type = [](const AttributeValue& id, const AttributeValue& success) {
    return log(9, "x",
               {{"microsoft.availability.id", id},
                {"microsoft.availability.name", 0},
                {"microsoft.availability.duration", "00:00:01"},
                {"microsoft.availability.success", success}})
        .base_type();
  };
  EXPECT_EQ(type(0, true), "AvailabilityData");
  EXPECT_EQ(type(0, ""), "MessageData");
  EXPECT_EQ(type("", true), "MessageData");
}

TEST(Availability, FailsUnlessItsSuccessIsTheWordTrue) {
  for (const AttributeValue& success :
       {AttributeValue(false), AttributeValue("yes"), AttributeValue(1)}) {
    EXPECT_EQ(log(9, "",
                  {{"microsoft.availability.id", "av-1"},
                   {"microsoft.availability.name", "ping"},
                   {"microsoft.availability.duration", "00:00:01"},
                   {"microsoft.availability.success", success}})
                  .field("success"),
              "false");
  }
}

TEST(LegacyLogs, TakeTheirDataFromTheBody) {
  const std::array<Attribute, 1> numbers{{{"x", 1}}};
  const Encoded availability = map_log({{"id", "a"},
                                        {"name", "t"},
                                        {"duration", "00:00:00.1"},
                                        {"success", true},
                                        {"runLocation", "eu"},
                                        {"message", "m"},
                                        {"measurements", AttributeValue::map(Attributes(numbers))}},
                                       {{"_MS.baseType", "AvailabilityData"}, {"p", "v"}});
  EXPECT_EQ(availability[0].base_type(), "AvailabilityData");
  EXPECT_EQ(availability[0].field("runLocation"), "eu");
  EXPECT_EQ(availability[0].measurement("x"), "1");
  EXPECT_EQ(availability[0].property_keys(), std::vector<std::string>{"p"});
  const Encoded event = map_log({{"name", "evt"}, {"version", 2}}, {{"_MS.baseType", "EventData"}});
  EXPECT_EQ(event[0].base_type(), "EventData");
  EXPECT_EQ(event[0].field("name"), "evt");
  EXPECT_EQ(event[0].field("version"), "-");
  const Encoded message =
      map_log({{"message", "hello"}, {"severityLevel", 3}}, {{"_MS.baseType", "MessageData"}});
  EXPECT_EQ(message[0].field("message"), "hello");
  EXPECT_EQ(message[0].field("severityLevel"), "Error");
}

TEST(LegacyLogs, APageViewKeepsUrlDurationAndReferrer) {
  const Encoded view = map_log({{"name", "Home"},
                                {"id", "p1"},
                                {"url", "https://shop/"},
                                {"duration", "00:00:00.5"},
                                {"referredUri", "https://search/"}},
                               {{"_MS.baseType", "PageViewData"}});
  EXPECT_EQ(view[0].top("name"), "Microsoft.ApplicationInsights.PageView");
  EXPECT_EQ(view[0].base_type(), "PageViewData");
  EXPECT_EQ(view[0].field("name"), "Home");
  EXPECT_EQ(view[0].field("id"), "p1");
  EXPECT_EQ(view[0].field("url"), "https://shop/");
  EXPECT_EQ(view[0].field("duration"), "00:00:00.5");
  EXPECT_EQ(view[0].field("referredUri"), "https://search/");
}

TEST(LegacyLogs, AnExceptionKeepsItsDetails) {
  const std::array<Attribute, 2> frame{{{"level", 0}, {"method", "main"}}};
  const std::array<AttributeValue, 1> frames{AttributeValue::map(Attributes(frame))};
  const std::array<Attribute, 5> details{{{"typeName", "E"},
                                          {"message", "m"},
                                          {"hasFullStack", false},
                                          {"id", 7},
                                          {"parsedStack", AttributeValue::list(frames)}}};
  const std::array<AttributeValue, 1> list{AttributeValue::map(Attributes(details))};
  const Encoded encoded =
      map_log({{"exceptions", AttributeValue::list(list)}, {"severityLevel", "Error"}},
              {{"_MS.baseType", "ExceptionData"}});
  EXPECT_EQ(encoded[0].base_type(), "ExceptionData");
  EXPECT_EQ(encoded[0].field("severityLevel"), "Error");
  EXPECT_EQ(
      encoded[0].field("exceptions"),
      R"([{"typeName":"E","message":"m","hasFullStack":false,"id":7,"parsedStack":[{"level":0,"method":"main"}]}])");
}

TEST(LegacyLogs, OfAnUnknownTypeOrWithoutWhatTheyNeedAreMessages) {
  EXPECT_EQ(log(9, "", {{"_MS.baseType", "EventData"}}).field("message"), "n/a");
  EXPECT_EQ(map_log({{"a", 1}}, {{"_MS.baseType", "NoSuchData"}})[0].field("message"),
            R"({"a":1})");
  EXPECT_EQ(map_log({{"exceptions", 5}}, {{"_MS.baseType", "ExceptionData"}})[0].base_type(),
            "MessageData");
}

TEST(Exceptions, CausesAreAChainOfDetails) {
  const std::array<Attribute, 2> first{{{"exception.type", "Low"}, {"exception.message", "disk"}}};
  const std::array<Attribute, 1> second{{{"exception.type", "Lower"}}};
  const std::array<AttributeValue, 2> causes{AttributeValue::map(Attributes(first)),
                                             AttributeValue::map(Attributes(second))};
  model::RecordBuilder span = make_span(SpanKind::client, "s");
  span.event("exception", new_year, true,
             {{"exception.type", "High"},
              {"exception.message", "no order"},
              {"posthaste.exception.causes", AttributeValue::list(causes)}});
  const Encoded encoded = encode(span);
  EXPECT_EQ(encoded[1].field("exceptions"),
            R"([{"id":1,"typeName":"High","message":"no order","hasFullStack":false},)"
            R"({"id":2,"outerId":1,"typeName":"Low","message":"disk","hasFullStack":false},)"
            R"({"id":3,"outerId":2,"typeName":"Lower","message":"Lower","hasFullStack":false}])");
  EXPECT_TRUE(encoded[1].property_keys().empty());
}

TEST(LogItems, AnAttributeOfTheApplicationsStaysBesideTheEventsName) {
  model::RecordBuilder record(model::RecordType::log);
  record.attribute("event.name", "theirs").text(model::EntryKind::event_name, "ours");
  EXPECT_EQ(encode(record)[0].property("event.name"), "theirs");
}

}  // namespace
}  // namespace posthaste::wire

#include "runtime/wire/log_data.h"
#include "tests/runtime/wire/encoded.h"

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

}  // namespace
}  // namespace posthaste::wire

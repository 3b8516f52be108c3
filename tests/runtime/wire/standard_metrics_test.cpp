#include "runtime/wire/standard_metrics.h"

#include "runtime/model/record_builder.h"
#include "runtime/wire/known_attribute.h"
#include "tests/runtime/wire/encoded.h"
#include "tests/runtime/wire/seeded_random.h"

#include <posthaste/measured_keys.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace posthaste::wire {
namespace {

using model::RecordBuilder;
using model::RecordType;
using Pairs = std::vector<std::pair<std::string_view, AttributeValue>>;

/// All that a span is measured by, as one line.
std::string measured(RecordMeasurer& measurer, SpanKind kind, StatusCode status,
                     const Pairs& attributes) {
  RecordBuilder builder(RecordType::span);
  builder.text(model::EntryKind::name, "GET /");
  builder.head().kind = static_cast<std::uint8_t>(kind);
  builder.head().status = static_cast<std::uint8_t>(status);
  for (const auto& [key, value] : attributes) builder.attribute(key, value);
  const auto record = model::RecordView::from(builder.bytes());
  if (!record) return "damaged";
  const Measure found = measurer.measure(*record, plain_context().tick_scale);
  if (found.operation == Measure::Operation::none) return "none";
  const bool request = found.operation == Measure::Operation::request;
  std::string line = request ? "request" : "dependency";
  line += " " + std::string(found.result_code) + (found.success ? " ok" : " failed");
  if (!request) line += " " + std::string(found.type) + " " + std::string(found.target);
  return line + (found.synthetic ? " synthetic" : "");
}

std::string measured(SpanKind kind, StatusCode status, const Pairs& attributes) {
  RecordMeasurer measurer;
  return measured(measurer, kind, status, attributes);
}

TEST(StandardMetrics, HaveTheDimensionsOfTheEnvelope) {
  using enum SpanKind;
  using enum StatusCode;
  struct Row {
    SpanKind kind;
    StatusCode status;
    Pairs attributes;
    std::string expected;
  };
  const Row rows[] = {
      {server, unset, {}, "request 0 ok"},
      {server, error, {}, "request 0 failed"},
      {server,
       unset,
       {{"http.request.method", "GET"}, {"http.response.status_code", 204}},
       "request 204 ok"},
      {server, unset, {{"http.method", "GET"}, {"http.status_code", 404}}, "request 404 failed"},
      {server, ok, {{"http.method", "GET"}, {"http.status_code", 404}}, "request 404 ok"},
      {server, unset, {{"rpc.system", "grpc"}, {"rpc.grpc.status_code", 13}}, "request 13 failed"},
      {server, error, {{"error.type", "timeout"}}, "request timeout failed"},
      {server, unset, {{"user_agent.original", "Mozilla AlwaysOn"}}, "request 0 ok synthetic"},
      {server, unset, {{"user_agent.synthetic.type", "bot"}}, "request 0 ok synthetic"},
      {consumer, unset, {{"messaging.system", "kafka"}}, "request 0 ok"},
      {client,
       unset,
       {{"http.request.method", "GET"},
        {"url.full", "https://a.example:444/x"},
        {"http.response.status_code", 404}},
       "dependency 404 ok Http a.example:444"},
      {client,
       unset,
       {{"db.system", "mssql"}, {"server.address", "db"}, {"db.name", "shop"}},
       "dependency 0 ok SQL db|shop"},
      {client,
       unset,
       {{"rpc.system", "grpc"}, {"peer.service", "prices"}, {"rpc.grpc.status_code", 5}},
       "dependency 5 failed GRPC prices"},
      {producer,
       unset,
       {{"messaging.system", "kafka"}, {"messaging.destination.name", "orders"}},
       "dependency 0 ok kafka orders"},
      {producer, error, {}, "dependency 0 failed Queue Message "},
      {internal, error, {{"db.system", "mssql"}}, "none"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(measured(row.kind, row.status, row.attributes), row.expected);
  }
}

/// What a span that is not sampled keeps is enough: measured_keys.h and the rules agree.
TEST(StandardMetrics, NeedNoOtherKeysThanThoseThatAreKept) {
  SeededRandom random(20261122);
  const AttributeValue values[] = {"",
                                   "GET",
                                   "api.example",
                                   "443",
                                   "grpc",
                                   "https://a.example:444/x?y",
                                   "10",
                                   "AlwaysOn bot",
                                   "Microsoft.EventHub",
                                   404,
                                   0,
                                   5,
                                   true,
                                   "mssql",
                                   "https"};
  RecordMeasurer measurer;
  for (int round = 0; round < 20'000; ++round) {
    const auto kind = static_cast<SpanKind>(1 + random() % 5);
    const auto status = static_cast<StatusCode>(random() % 3);
    const bool request = kind == SpanKind::server || kind == SpanKind::consumer;
    Pairs all, kept;
    const std::uint32_t count = random() % 12;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string_view key = known_keys[random() % known_count];
      const AttributeValue& value = values[random() % std::size(values)];
      all.emplace_back(key, value);
      const std::uint16_t wanted =
          request ? measured_keys::of_requests : measured_keys::of_dependencies;
      if ((measured_keys::kinds_of(key) & wanted) != 0) kept.emplace_back(key, value);
    }
    const std::string whole = measured(measurer, kind, status, all);
    ASSERT_EQ(whole, measured(measurer, kind, status, kept)) << round;
  }
}

TEST(StandardMetrics, CountEventsOfSpansAndLogs) {
  RecordMeasurer measurer;
  RecordBuilder span(RecordType::span);
  span.head().kind = static_cast<std::uint8_t>(SpanKind::server);
  span.event("exception", 1, false).event("retried", 2, false).event("exception", 3, false);
  Measure found = measurer.measure(*model::RecordView::from(span.bytes()), {});
  EXPECT_EQ(found.exceptions, 2u);
  EXPECT_EQ(found.traces, 1u);
  RecordBuilder log(RecordType::log);
  log.body("paid");
  found = measurer.measure(*model::RecordView::from(log.bytes()), {});
  EXPECT_EQ(found.traces, 1u);
  RecordBuilder event(RecordType::log);
  event.attribute("microsoft.custom_event.name", "bought");
  found = measurer.measure(*model::RecordView::from(event.bytes()), {});
  EXPECT_EQ(found.traces + found.exceptions, 0u);
}

}  // namespace
}  // namespace posthaste::wire

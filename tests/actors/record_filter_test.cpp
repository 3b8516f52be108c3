#include "actors/record_filter.h"

#include "runtime/arena/scopes.h"
#include "runtime/model/record_builder.h"
#include "tests/support/test_arena.h"

#include <posthaste/severity.h>
#include <posthaste/span_kind.h>

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

using model::EntryKind;
using model::RecordType;

class RecordFilterOf : public testing::Test {
protected:
  bool drops(std::string_view rules, model::RecordBuilder& record) {
    const config::DropRules read = config::parse_drop_rules(rules);
    EXPECT_TRUE(read.wrong.empty()) << read.wrong << ' ' << read.fault;
    RecordFilter filter(read.rules, *arena_);
    EXPECT_EQ(filter.has_rules(), !rules.empty());
    const auto bytes = record.bytes();
    return filter.drops(*reinterpret_cast<const model::RecordHead*>(bytes.data()));
  }
  model::RecordBuilder span(std::string_view name, SpanKind kind = SpanKind::server) {
    model::RecordBuilder builder(RecordType::span);
    builder.text(EntryKind::name, name);
    builder.head().kind = static_cast<std::uint8_t>(kind);
    return builder;
  }
  testing_support::TestArena arena_;
};

TEST_F(RecordFilterOf, SpansGoesByNameKindScopeAndAttributes) {
  arena::ScopeTable scopes(*arena_);
  auto record = span("GET /healthz");
  record.attribute("url.path", "/live/7").attribute("http.response.status_code", std::int64_t{200});
  record.attribute("cached", true).attribute("ratio", 0.5).attribute("name", "inner");
  record.head().scope = scopes.intern({"http.server", "1", ""});
  for (const char* const rule :
       {"GET /healthz", "GET *", "name=*health*", "kind=server", "scope=http.*", "url.path=/live*",
        "http.response.status_code=2*", "cached=true", "ratio=0.5", "attribute:name=inner",
        "url.path!=/pay", "absent!=x", "GET * & cached=true & kind!=client",
        "nothing; GET /healthz"}) {
    EXPECT_TRUE(drops(rule, record)) << rule;
  }
  for (const char* const rule : {"", "get /healthz", "GET", "kind=client", "url.path=/live",
                                 "absent=*", "GET * & cached=false", "name=inner",
                                 "log:name=GET /healthz", "body=*", "severity=*", "cached!=true"}) {
    EXPECT_FALSE(drops(rule, record)) << rule;
  }
}

TEST_F(RecordFilterOf, LogsGoesByBodySeverityAndAttributes) {
  model::RecordBuilder record(RecordType::log);
  record.head().kind = static_cast<std::uint8_t>(Severity::debug);
  record.body("cache miss for 7").text(EntryKind::event_name, "cache.miss");
  record.attribute("tenant", "blue");
  for (const char* const rule : {"log:cache.miss", "log:body=cache miss*", "log:severity=debug",
                                 "log:tenant=blue & severity!=error"}) {
    EXPECT_TRUE(drops(rule, record)) << rule;
  }
  for (const char* const rule : {"cache.miss", "body=*", "log:severity=info", "log:kind=*"}) {
    EXPECT_FALSE(drops(rule, record)) << rule;
  }
}

TEST_F(RecordFilterOf, ASpanTakesItsLatestName) {
  auto record = span("GET");
  record.text(EntryKind::name, "GET /healthz");
  EXPECT_TRUE(drops("GET /healthz", record));
  EXPECT_FALSE(drops("GET", record));
}

TEST_F(RecordFilterOf, MetricPointsAreNotFiltered) {
  model::RecordBuilder record(RecordType::metric_point);
  EXPECT_FALSE(drops("name=*", record));
}

}  // namespace
}  // namespace posthaste::actors

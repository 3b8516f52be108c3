#include "persistence/store.h"
#include "runtime/wire/gzip.h"
#include "tests/persistence/store_fixture.h"

#include <posthaste/posthaste.h>

#include <gtest/gtest.h>

#include <string>

namespace posthaste {
namespace {

using namespace std::chrono_literals;

constexpr const char* url =
    "https://ann:passw0rd@shop.example/pay?order=7&sig=s1gnature&X-Amz-Credential=cr3dential";
constexpr std::string_view secrets[] = {"passw0rd", "s1gnature", "cr3dential"};

Settings stored_in(const std::string& directory) {
  Settings settings;
  settings.service_name = "shop";
  // Nobody listens at port 1: all goes to the store.
  settings.connection_string =
      "InstrumentationKey=00000000-0000-4000-8000-000000000001;"
      "IngestionEndpoint=http://127.0.0.1:1/";
  settings.store.directory = directory;
  settings.diagnostics = [](const Diagnostic&) {};
  settings.metrics.performance_counters = false;  // what is counted here are spans and logs
  return settings;
}

void record_urls(const Telemetry& telemetry) {
  const Tracer tracer = telemetry.tracer("http");
  const Logger logger = telemetry.logger("http");
  constexpr const char* query = "order=7&sig=s1gnature&Signature=s1gnature";
  constexpr const char* target = "/pay?order=7&sig=s1gnature";
  const Attribute all[] = {
      {"http.request.method", "GET"}, {"url.full", url},       {"http.url", url},
      {"url.query", query},           {"http.target", target}, {"http.response.status_code", 200}};
  for (const SpanKind kind : {SpanKind::server, SpanKind::client, SpanKind::internal,
                              SpanKind::producer, SpanKind::consumer}) {
    for (std::size_t without = 0; without < std::size(all); ++without) {
      std::vector<Attribute> some(std::begin(all), std::end(all));
      some.erase(some.begin() + static_cast<std::ptrdiff_t>(without));
      const Attributes attributes{std::span<const Attribute>(some)};
      Span span = tracer.start_span("GET", {.kind = kind, .attributes = attributes});
      const Scope scope(span);
      span.add_event("redirected", attributes).add_link(Context::current(), attributes);
      logger.info("called", attributes);
    }
  }
}

/// Everything that the store holds, inflated.
std::string content_of(const std::string& directory, std::size_t& batches) {
  persistence::StoreOptions options;
  options.directory = directory;
  options.create = false;
  auto store = persistence::Store::open(options);
  EXPECT_TRUE(store) << store.error().message();
  std::string all;
  if (!store) return all;
  for (const persistence::QueueId queue : (*store)->queues()) {
    for (;;) {
      auto batch = (*store)->lease_oldest(queue);
      if (!batch || !*batch) break;
      wire::ByteBuffer plain;
      EXPECT_TRUE(wire::gunzip((*batch)->body, 64u << 20, plain));
      all += plain.view();
      ++batches;
    }
  }
  return all;
}

TEST(StoredSecrets, NoSecretOfAUrlIsInTheStore) {
  const persistence::ScratchDirectory scratch;
  const std::string directory = scratch / "store";
  {
    Telemetry telemetry = start(stored_in(directory));
    ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
    record_urls(telemetry);
    const FlushReport report = telemetry.shutdown(2s);
    EXPECT_GE(report.stored(), 60u);
  }
  std::size_t batches = 0;
  const std::string content = content_of(directory, batches);
  EXPECT_GT(batches, 0u);
  EXPECT_NE(content.find("order=7"), std::string::npos) << "the rest of the URL is there";
  EXPECT_NE(content.find("REDACTED"), std::string::npos);
  for (const std::string_view secret : secrets) {
    const std::size_t at = content.find(secret);
    EXPECT_EQ(at, std::string::npos)
        << secret << " in ..." << content.substr(at < 300 ? 0 : at - 300, 400);
  }
}

}  // namespace
}  // namespace posthaste

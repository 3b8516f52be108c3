// What an application thread pays: after warm-up, recording allocates nothing and makes no system
// call.

#include "tests/support/sanitizers.h"

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include "tests/support/allocations.h"

#include <gtest/gtest.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <thread>

namespace posthaste {
namespace {

using namespace std::chrono_literals;

Settings quiet_settings(const testing::InMemoryOutput& memory) {
  Settings settings;
  settings.service_name = "quiet";
  settings.outputs = {memory.output()};
  settings.diagnostics = [](const Diagnostic&) {};
  settings.metrics.cardinality_limit = 100;
  settings.metrics.views = {{.instrument = "filtered", .attribute_keys = {{"number"}}},
                            {.instrument = "twice"},
                            {.instrument = "twice", .excluded_attribute_keys = {"number"}}};
  return settings;
}

/// Instruments of every kind, bound and not, as they are and through views.
class Measuring {
public:
  explicit Measuring(const Telemetry& telemetry)
      : meter_(telemetry.meter("m")),
        bound_orders_(orders_.bind({{"route", "/pay"}})),
        bound_paid_(paid_.bind({})),
        bound_stock_(stock_.bind({})),
        bound_latency_(latency_.bind({{"route", "/pay"}})),
        bound_level_(level_.bind({})),
        bound_twice_(twice_.bind({{"number", 1}})) {}

  void measure(int number) const {
    bound_orders_.add(1);
    bound_paid_.add(0.5);
    bound_stock_.add(-1);
    bound_latency_.record(number);
    bound_level_.set(number);
    bound_twice_.record(number);
    const int few = number % 10;
    orders_.add(1, {{"route", "/pay"}, {"number", few}, {"even", few % 2 == 0}});
    orders_.add(1, {{"number", few}, {"number", few}});  // set twice
    orders_.add(1, {{"number", number}});                // more than the limit allows
    paid_.add(0.5, {{"ratio", 0.25}});
    stock_.add(2, {{"number", few}});
    latency_.record(number, {{"route", "/pay"}, {"method", "GET"}, {"number", few}});
    level_.set(number, {{"number", few}});
    filtered_.add(1, {{"user", "somebody"}, {"number", few}});
    twice_.record(number, {{"user", "somebody"}, {"number", few}});
  }

private:
  const Meter meter_;
  const Counter<> orders_ = meter_.counter("orders");
  const Counter<double> paid_ = meter_.counter<double>("paid");
  const UpDownCounter<> stock_ = meter_.up_down_counter("stock");
  const Histogram<> latency_ = meter_.histogram("latency");
  const Gauge<> level_ = meter_.gauge("level");
  const Counter<> filtered_ = meter_.counter("filtered");
  const Histogram<> twice_ = meter_.histogram("twice");
  const BoundCounter<std::int64_t> bound_orders_;
  const BoundCounter<double> bound_paid_;
  const BoundUpDownCounter<std::int64_t> bound_stock_;
  const BoundHistogram<double> bound_latency_;
  const BoundGauge<double> bound_level_;
  const BoundHistogram<double> bound_twice_;
};

/// A request as a server records it: spans in scopes, attributes of every kind, an event, logs,
/// measurements.
void record_request(const Tracer& tracer, const Logger& logger, const Measuring& metrics,
                    int number) {
  Span server = tracer.start_span("GET /pay", {.kind = SpanKind::server});
  const Scope in_server(server);
  server.set_attribute("http.request.method", "GET").set_attribute("url.path", "/pay");
  server.set_attribute("number", number).set_attribute("ratio", 0.5).set_attribute("number", 7);
  {
    Span client = tracer.start_span("charge", {.kind = SpanKind::client});
    const Scope in_client(client);
    client.add_event("retry", {{"attempt", 1}}).set_status(StatusCode::error, "declined");
    client.set_attribute("long",
                         "0123456789012345678901234567890123456789012345678901234567890123"
                         "0123456789012345678901234567890123456789012345678901234567890123");
    logger.warn("declined", {{"code", 51}});
  }
  metrics.measure(number);
  server.update_name("GET /pay/{id}");
}

constexpr int warm_up = 200;
constexpr int requests = 2000;

TEST(AnApplicationThread, AllocatesNothingOnceItIsWarm) {
#if !POSTHASTE_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer has the allocator";
#else
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(quiet_settings(memory));
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  const Tracer tracer = telemetry.tracer("t");
  const Logger logger = telemetry.logger("l");
  const Measuring metrics(telemetry);
  for (int i = 0; i < warm_up; ++i) record_request(tracer, logger, metrics, i);
  const std::uint64_t before = testing_support::allocations_here();
  for (int i = 0; i < requests; ++i) record_request(tracer, logger, metrics, i);
  EXPECT_EQ(testing_support::allocations_here() - before, 0u);
  EXPECT_TRUE(telemetry.flush(10s).complete);
  EXPECT_EQ(memory.spans().size() + memory.logs().size() + telemetry.ledger().refused.total(),
            3u * (warm_up + requests));
#endif
}

TEST(AnApplicationThread, AllocatesNothingToTakeAndPassOnATraceContext) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has the allocator";
#else
  const char* const variables[] = {
      "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "B3=0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1", nullptr};
  class Discard final : public CarrierSetter {
  public:
    void set(std::string_view, std::string_view value) noexcept override { bytes += value.size(); }
    std::size_t bytes = 0;
  } discard;
  const Propagators propagators{Propagation::trace_context, Propagation::baggage, Propagation::b3};
  const std::uint64_t before = testing_support::allocations_here();
  const Context context = propagators.extract(EnvironmentGetter(variables));
  propagators.inject(context, discard);
  EXPECT_EQ(testing_support::allocations_here() - before, 0u);
  EXPECT_EQ(discard.bytes, 55u + 51u);
#endif
}

/// From here on this thread may do nothing but write (the bell), and end.
bool trap_system_calls() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(AnApplicationThread, AllocatesNothingForWhatIsOnlyMeasured) {
#if !POSTHASTE_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer has the allocator";
#else
  testing::InMemoryOutput memory;
  Settings settings = quiet_settings(memory);
  settings.sampling = SampleRate::never();
  // The standard metrics are for Application Insights; nobody listens there.
  settings.outputs.push_back(
      AzureMonitor{.connection_string = "InstrumentationKey=00000000-0000-4000-8000-000000000001;"
                                        "IngestionEndpoint=http://127.0.0.1:1/"});
  settings.store.enabled = false;
  settings.metrics.performance_counters = false;
  settings.shutdown_deadline = 0ms;
  Telemetry telemetry = start(settings);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  const Tracer tracer = telemetry.tracer("t");
  const auto request = [&tracer](int number) {
    Span span = tracer.start_span("GET /", {.kind = SpanKind::server});
    EXPECT_TRUE(span.is_recording());
    span.set_attribute("http.request.method", "GET")
        .set_attribute("http.response.status_code", number)
        .set_attribute("error.type", "none")
        .set_status(StatusCode::error, "why");
  };
  for (int i = 0; i < warm_up; ++i) request(i);
  const std::uint64_t before = testing_support::allocations_here();
  for (int i = 0; i < requests; ++i) request(i);
  EXPECT_EQ(testing_support::allocations_here() - before, 0u);
  EXPECT_TRUE(memory.spans().empty());
  EXPECT_EQ(telemetry.health().unmeasured, 0u);
#endif
}

TEST(AnApplicationThread, MakesNoSystemCallOnceItIsWarm) {
#ifdef POSTHASTE_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer makes system calls of its own";
#endif
  const pid_t child = ::fork();
  if (child == 0) {
    testing::InMemoryOutput memory;
    Telemetry telemetry = start(quiet_settings(memory));
    if (!telemetry.is_running()) ::_exit(2);
    const Tracer tracer = telemetry.tracer("t");
    const Logger logger = telemetry.logger("l");
    const Measuring metrics(telemetry);
    for (int i = 0; i < warm_up; ++i) record_request(tracer, logger, metrics, i);
    if (!trap_system_calls()) ::_exit(3);
    for (int i = 0; i < requests; ++i) record_request(tracer, logger, metrics, i);
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 3) GTEST_SKIP() << "no seccomp here";
  EXPECT_FALSE(WIFSIGNALED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace posthaste

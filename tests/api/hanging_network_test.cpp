// Shutdown keeps its word whatever the network does. Of its own, as it stands in for the system's
// look-up of names: the name server of one domain never answers.

#include <posthaste/posthaste.h>

#include "runtime/base/file_descriptor.h"
#include "tests/persistence/store_fixture.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view silent_domain = ".silent.test";
std::atomic<int> silent_look_ups{0};

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  if (host != nullptr && std::string_view(host).ends_with(silent_domain)) {
    ++silent_look_ups;
    static sem_t never;
    for (;;) sem_wait(&never);
  }
  static const auto next =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(host, service, hints, found);
}

namespace posthaste {
namespace {

using namespace std::chrono_literals;

/// The kernel takes connections and what they send; nobody ever answers.
class SilentServer {
public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 64), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  std::string at(std::string_view scheme) const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + "/";
  }

private:
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
};

/// Records spans for `endpoint`, lets requests get stuck, and shuts down.
void expect_shutdown_in_time(const std::string& endpoint) {
  persistence::ScratchDirectory directory;
  Settings settings;
  settings.service_name = "test";
  settings.outputs = {
      AzureMonitor{.connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
                                        "IngestionEndpoint=" +
                                        endpoint}};
  settings.store.directory = directory / "store";
  settings.batch.delay = 100ms;
  settings.metrics.performance_counters = false;  // what is counted here are spans
  settings.metrics.standard_metrics = false;
  settings.diagnostics = [](const Diagnostic&) {};
  Telemetry telemetry = start(settings);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  for (int i = 0; i < 2'000; ++i) Span span = telemetry.tracer("t").start_span("span");
  telemetry.flush(300ms);

  constexpr auto deadline = 1'500ms;  // half of it is for sending
  const auto begin = std::chrono::steady_clock::now();
  const FlushReport report = telemetry.shutdown(deadline);
  EXPECT_LE(std::chrono::steady_clock::now() - begin, deadline + 200ms);
  EXPECT_EQ(report.ledger.accepted, 2'000u);
  EXPECT_EQ(report.ledger.outputs.at(0).in_store, 2'000u);
  EXPECT_EQ(report.ledger.outputs.at(0).delivered, 0u);
}

TEST(Shutdown, IsInTimeInFrontOfAServerThatNeverAnswers) {
  const SilentServer server;
  expect_shutdown_in_time(server.at("http"));
}

TEST(Shutdown, IsInTimeInTheMiddleOfATlsHandshake) {
  const SilentServer server;
  expect_shutdown_in_time(server.at("https"));
}

TEST(Shutdown, IsInTimeWhileANameServerIsSilent) {
  const int before = silent_look_ups;
  expect_shutdown_in_time("https://ingestion" + std::string(silent_domain) + "/");
  EXPECT_GT(silent_look_ups, before);
}

}  // namespace
}  // namespace posthaste

#include "tests/api/memory_settings.h"

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include "tests/support/file_tree.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>

namespace posthaste {
namespace {

using namespace std::chrono_literals;
using namespace posthaste::literals;

TEST(Telemetry, DeliversWhatWasRecordedBeforeAFlush) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  {
    Span span = telemetry.tracer("checkout", "1.2").start_span("charge card");
    span.set_attribute("order.id", 42).add_event("retried", {{"attempt", 2}});
    const Scope scope(span);
    telemetry.logger("checkout").info("charging", {{"amount", 9.5}});
  }
  const FlushReport report = telemetry.flush(5s);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.delivered(), 2u);
  EXPECT_EQ(report.ledger.accepted, 2u);
  EXPECT_EQ(report.ledger.offered(), 2u);
  EXPECT_EQ(report.resident(), 0u);
  ASSERT_EQ(memory.spans().size(), 1u);
  const testing::RecordedSpan span = memory.span("charge card");
  EXPECT_EQ(span.scope_name, "checkout");
  EXPECT_EQ(span.scope_version, "1.2");
  EXPECT_EQ(span.operation_name, "charge card");
  EXPECT_EQ(std::get<std::int64_t>(span.attributes.at("order.id")), 42);
  ASSERT_EQ(span.events.size(), 1u);
  EXPECT_GE(span.events[0].time, span.start);
  EXPECT_LE(span.events[0].time, span.end);
  ASSERT_EQ(memory.logs().size(), 1u);
  const testing::RecordedLog log = memory.logs()[0];
  EXPECT_EQ(std::get<std::string>(log.body), "charging");
  EXPECT_EQ(log.span_id, span.span_id);
  EXPECT_EQ(log.operation_name, "charge card");
}

TEST(Telemetry, ItsDestructorDeliversTheRest) {
  testing::InMemoryOutput memory;
  {
    Telemetry telemetry = start(settings_for(memory));
    for (int i = 0; i < 1000; ++i) Span span = telemetry.tracer("t").start_span("span");
  }
  EXPECT_EQ(memory.spans().size(), 1000u);
}

TEST(Telemetry, TellsWhyItDoesNotRun) {
  std::vector<std::string> said;
  Settings settings;
  settings.connection_string = "InstrumentationKey=not-a-guid";
  settings.diagnostics = [&](const Diagnostic& diagnostic) { said.push_back(diagnostic.message); };
  Telemetry telemetry = start(settings);
  EXPECT_FALSE(telemetry.is_running());
  EXPECT_FALSE(telemetry.why_not().empty());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said.front(), telemetry.why_not());
  EXPECT_TRUE(telemetry.health().state.starts_with("off: "));
  Span span = telemetry.tracer("t").start_span("span");  // nothing happens
  EXPECT_FALSE(span.is_recording());
  telemetry.logger("l").info("nothing");
  EXPECT_TRUE(telemetry.flush(1s).complete);
  const Result<Telemetry> created = Telemetry::create(settings);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code(), ErrorCode::invalid_connection_string);
}

TEST(Telemetry, WritesItsDiagnosticsToALogFileToo) {
  const testing_support::FileTree folder;
  testing::InMemoryOutput memory;
  std::vector<std::string> said;
  Settings settings = settings_for(memory);
  settings.diagnostics = [&](const Diagnostic& diagnostic) { said.push_back(diagnostic.message); };
  settings.diagnostics_log.file = folder.root() + "/diagnostics.log";
  { Telemetry telemetry = start(settings); }
  std::ifstream file(settings.diagnostics_log.file);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(line.ends_with(": " + said.front())) << line;
}

TEST(Telemetry, WritesToItsLogFileWhyItDoesNotStart) {
  const testing_support::FileTree folder;
  Settings settings;
  settings.connection_string = "nonsense";
  settings.diagnostics = [](const Diagnostic&) {};
  settings.diagnostics_log.file = folder.root() + "/diagnostics.log";
  EXPECT_FALSE(start(settings).is_running());
  std::ifstream file(settings.diagnostics_log.file);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_NE(line.find(" PH-SET-104: "), std::string::npos) << line;
}

TEST(Telemetry, GoesOnWhereItsLogFileCannotBe) {
  testing::InMemoryOutput memory;
  std::promise<void> said;
  int times = 0;
  Settings settings = settings_for(memory);
  settings.diagnostics = [&](const Diagnostic& diagnostic) {
    if (diagnostic.code != DiagnosticCode::log_file_failing) return;
    if (++times == 1) said.set_value();
  };
  settings.diagnostics_log.file = "/dev/full";
  {
    Telemetry telemetry = start(settings);
    EXPECT_TRUE(telemetry.is_running());
    telemetry.tracer("t").start_span("span").end();
    ASSERT_EQ(said.get_future().wait_for(5s), std::future_status::ready);
  }
  EXPECT_EQ(memory.spans().size(), 1u);
  EXPECT_EQ(times, 1);
}

TEST(Telemetry, CountsWhatItsDiagnosticsHandlerThrows) {
  testing::InMemoryOutput memory;
  Settings settings = settings_for(memory);
  settings.diagnostics = [](const Diagnostic&) { throw std::runtime_error("no"); };
  settings.diagnostics_log.file = "relative";
  EXPECT_FALSE(start(settings).is_running());
  settings.diagnostics_log.file.clear();
  const Telemetry telemetry = start(settings);
  ASSERT_TRUE(telemetry.is_running());
  EXPECT_GE(telemetry.health().handler_failures, 1u);
  EXPECT_EQ(telemetry.health().diagnostics_suppressed, 0u);
}

/// An endpoint that takes connections and says nothing.
class SilentEndpoint {
public:
  SilentEndpoint() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, any, &size) != 0) {
      throw std::runtime_error("no socket");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentEndpoint() { ::close(socket_); }
  const std::string& url() const { return url_; }

private:
  const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string url_;
};

TEST(Telemetry, IsStoppingUntilItHasStopped) {
  const SilentEndpoint endpoint;
  Settings settings;
  settings.outputs = {Otlp{.endpoint = endpoint.url()}};
  settings.diagnostics = [](const Diagnostic&) {};
  settings.store.enabled = false;
  Telemetry telemetry = start(settings);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  telemetry.tracer("t").start_span("span").end();
  std::promise<void> stopped;
  telemetry.shutdown(300ms, [&](const FlushReport&) { stopped.set_value(); });
  EXPECT_EQ(telemetry.health().state, "stopping");
  ASSERT_EQ(stopped.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_EQ(telemetry.health().state, "stopped");
}

TEST(Telemetry, CallsNoHandlerAfterItsDestructorNotEvenWhereOneHangs) {
  struct Handler {
    std::promise<void> entered;
    std::promise<void> let_go;
    std::atomic<int> calls{0};
  };
  const auto handler = std::make_shared<Handler>();
  const auto main_thread = std::this_thread::get_id();
  Settings settings;
  settings.outputs = {Otlp{.endpoint = "http://127.0.0.1:1"}};  // refused: an actor says so
  settings.shutdown_deadline = 100ms;
  settings.store.enabled = false;
  settings.diagnostics = [handler, main_thread](const Diagnostic&) {
    if (std::this_thread::get_id() == main_thread) return;
    if (++handler->calls == 1) {
      handler->entered.set_value();
      handler->let_go.get_future().wait();
    }
  };
  {
    const Telemetry telemetry = start(settings);
    ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
    telemetry.tracer("t").start_span("span").end();
    ASSERT_EQ(handler->entered.get_future().wait_for(30s), std::future_status::ready);
  }
  handler->let_go.set_value();
  // The actor goes on, and finds the way to the handler closed. Nobody tells when it has.
  const auto until = std::chrono::steady_clock::now() + 100ms;
  while (handler->calls == 1 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(handler->calls, 1);
}

TEST(Telemetry, AfterShutdownCallsAreCountedAndReportsRepeat) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  const Tracer tracer = telemetry.tracer("t");
  Span open = tracer.start_span("open");
  { Span span = tracer.start_span("before"); }
  EXPECT_TRUE(telemetry.shutdown(5s).complete);
  EXPECT_FALSE(telemetry.is_running());
  EXPECT_EQ(telemetry.why_not(), "it has been shut down");
  open.end();
  { Span span = tracer.start_span("after"); }
  const FlushReport again = telemetry.shutdown(5s);
  EXPECT_EQ(again.ledger.accepted, 1u);
  EXPECT_EQ(again.ledger.refused[RefusalReason::shutdown], 2u);
  EXPECT_EQ(memory.spans().size(), 1u);
}

TEST(Telemetry, HandlesOutliveIt) {
  testing::InMemoryOutput memory;
  Tracer tracer;
  Logger logger;
  Span span;
  Context context;
  {
    Telemetry telemetry = start(settings_for(memory));
    tracer = telemetry.tracer("t");
    logger = telemetry.logger("l");
    span = tracer.start_span("left open");
    context = span.context();
  }
  span.set_attribute("late", std::string(3000, 'x')).add_event("late").update_name("late");
  EXPECT_FALSE(span.is_recording());
  span.end();
  logger.error("late");
  { Span late = tracer.start_span("late", {.parent = &context}); }
  EXPECT_EQ(memory.spans().size(), 0u);
}

TEST(Telemetry, SeveralLiveSideBySideAndShareNothing) {
  testing::InMemoryOutput one, two;
  Telemetry first = start(settings_for(one));
  Telemetry second = start(settings_for(two));
  { Span span = first.tracer("t").start_span("first"); }
  { Span span = second.tracer("t").start_span("second"); }
  first.flush(5s);
  second.flush(5s);
  ASSERT_EQ(one.spans().size(), 1u);
  ASSERT_EQ(two.spans().size(), 1u);
  EXPECT_EQ(one.spans()[0].name, "first");
  EXPECT_EQ(two.spans()[0].name, "second");
}

TEST(Telemetry, TwoOutputsBothGetEverything) {
  testing::InMemoryOutput one, two;
  Settings settings = settings_for(one);
  settings.outputs.push_back(two.output());
  Telemetry telemetry = start(settings);
  for (int i = 0; i < 300; ++i) Span span = telemetry.tracer("t").start_span("span");
  EXPECT_TRUE(telemetry.flush(5s).complete);
  EXPECT_EQ(one.spans().size(), 300u);
  EXPECT_EQ(two.spans().size(), 300u);
  for (const OutputLedger& output : telemetry.ledger().outputs) {
    EXPECT_EQ(output.delivered, 300u);
  }
}

TEST(Telemetry, ItsNonBlockingFormsCallBackOnce) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  { Span span = telemetry.tracer("t").start_span("span"); }
  std::atomic<int> flushed = 0, stopped = 0;
  telemetry.flush(5s, [&](const FlushReport& report) {
    EXPECT_TRUE(report.complete);
    ++flushed;
  });
  telemetry.shutdown(5s, [&](const FlushReport& report) {
    EXPECT_EQ(report.delivered(), 1u);
    ++stopped;
  });
  telemetry = Telemetry();  // waits for the end
  EXPECT_EQ(flushed, 1);
  EXPECT_EQ(stopped, 1);
}

TEST(Telemetry, CountsWhatTheCallbacksOfItsNonBlockingFormsThrowAndMissesNoneThatIsNotThere) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  std::atomic<int> called = 0;
  const auto throwing = [&called](const FlushReport&) {
    ++called;
    throw 42;
  };
  telemetry.flush(5s, throwing);
  telemetry.flush(5s, std::function<void(const FlushReport&)>());
  { Span span = telemetry.tracer("t").start_span("span"); }
  EXPECT_TRUE(telemetry.flush(30s).complete);
  EXPECT_EQ(called, 1);
  EXPECT_EQ(telemetry.health().callback_failures, 1u);
  EXPECT_EQ(telemetry.health().restarts, 0u);
  telemetry.shutdown(5s, throwing);
  telemetry = Telemetry();  // waits for the end, and records nothing from here on
  telemetry.flush(5s, throwing);
  telemetry.shutdown(5s, std::function<void(const FlushReport&)>());
  EXPECT_EQ(called, 3);
}

/// Everything that a thread does whose cancellation has been asked for: none of it throws, whatever it waits for.
void* record_cancelled(void* shared) {
  pthread_cancel(pthread_self());
  auto& memory = *static_cast<testing::InMemoryOutput*>(shared);
  Settings settings = settings_for(memory);
  std::atomic<int> seen = 0;
  settings.span_processors = {{.on_end = [&seen](EndingSpan&) {
    ++seen;
    pthread_testcancel();
  }}};
  settings.sampler = [](const SamplingRequest&) {
    pthread_testcancel();
    return SamplingDecision::keep();
  };
  settings.diagnostics = [](const Diagnostic&) { pthread_testcancel(); };
  Telemetry telemetry = start(settings);
  const std::string large(8'000, 'x');
  for (int i = 0; i < 40; ++i) {  // beyond what one ring of the bell is for
    Span span = telemetry.tracer("t").start_span("span");
    span.set_attribute("large", large);
  }
  telemetry.logger("l").info("a line");
  telemetry.flush(30s);
  telemetry.shutdown(30s, [](const FlushReport&) { pthread_testcancel(); });
  telemetry.shutdown(30s);
  pthread_testcancel();
  return nullptr;
}

TEST(Telemetry, IsNoPlaceToCancelAThreadIn) {
  testing::InMemoryOutput memory;
  pthread_t thread{};
  ASSERT_EQ(pthread_create(&thread, nullptr, record_cancelled, &memory), 0);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_EQ(memory.spans().size(), 40u);
}

/// Spans with such a text fill the smallest arena while nobody takes them: whether there is room again.
void expect_room_again_after(Otlp output, const std::string& text) {
  const testing_support::FileTree folder;
  output.endpoint = "http://127.0.0.1:1";  // nobody listens there
  Settings settings;
  settings.service_name = "test";
  settings.outputs = {output};
  settings.store.directory = folder.root() + "/store";
  settings.arena_size = 2_MiB;
  settings.batch.delay = 60s;
  settings.diagnostics = [](const Diagnostic&) {};
  Telemetry telemetry = start(settings);
  ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
  const auto record = [&] {
    Span span = telemetry.tracer("t").start_span("span");
    span.set_attribute("large", text).set_status(StatusCode::error);  // these may use the reserve
  };
  while (telemetry.ledger().refused.total() < 100) record();
  EXPECT_TRUE(telemetry.flush(30s).complete);
  const std::uint64_t before = telemetry.ledger().accepted;
  const auto until = std::chrono::steady_clock::now() + 30s;
  do {  // the pages come back a moment later
    record();
    EXPECT_TRUE(telemetry.flush(30s).complete);
  } while (telemetry.ledger().accepted == before && std::chrono::steady_clock::now() < until);
  EXPECT_GT(telemetry.ledger().accepted, before);
}

TEST(Telemetry, GoesOnWhereRecordsFillASmallArenaAndABodyOfThemHasNoRoom) {
  expect_room_again_after({}, std::string(8'000, 'x'));
}

TEST(Telemetry, GoesOnWhereRecordsFillASmallArenaAndABodyOfASingleOneHasNoRoom) {
  // Six bytes for each of these in JSON.
  expect_room_again_after({.protocol = OtlpProtocol::http_json}, std::string(60'000, '\x01'));
}

TEST(Telemetry, ASignalHandlerMayAskForItsShutdown) {
  testing::InMemoryOutput memory;
  static Telemetry* wanted = nullptr;
  Telemetry telemetry = start(settings_for(memory));
  wanted = &telemetry;
  { Span span = telemetry.tracer("t").start_span("span"); }
  struct sigaction action {};
  action.sa_handler = [](int) { wanted->request_shutdown(); };
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::raise(SIGUSR1);
  sigaction(SIGUSR1, &before, nullptr);
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (telemetry.is_running() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(telemetry.is_running());
  EXPECT_TRUE(telemetry.shutdown(5s).complete);
  EXPECT_EQ(memory.spans().size(), 1u);
}

TEST(Telemetry, InAForkedChildDoesNothingAndHarmsNothing) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  const Tracer tracer = telemetry.tracer("t");
  Span shared = tracer.start_span("the parent's");
  const pid_t child = ::fork();
  if (child == 0) {
    bool quiet = !telemetry.is_running();
    {
      Span span = tracer.start_span("in the child");
      quiet = quiet && !span.is_recording();
    }
    telemetry.logger("l").info("in the child");
    telemetry.flush(1s);
    telemetry.shutdown(1s);
    { const Telemetry gone = std::move(telemetry); }
    ::_exit(quiet ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  shared.set_attribute("alive", true).end();
  EXPECT_TRUE(telemetry.flush(5s).complete);
  ASSERT_EQ(memory.spans().size(), 1u);
  EXPECT_EQ(memory.spans()[0].attributes.size(), 1u);
}

/// In a process that is the first of its own namespace: whether a child of it that is the first of another one finds out
/// that it is a child. 3: the machine does not allow that.
int fork_to_the_same_number() {
  if (::unshare(CLONE_NEWPID) != 0) return 3;
  const auto wait_for = [](pid_t child) {
    int status = -1;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
  };
  const pid_t first = ::fork();
  if (first != 0) return wait_for(first);
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  if (!telemetry.is_running() || ::unshare(CLONE_NEWPID) != 0) ::_exit(3);
  const pid_t second = ::fork();
  if (second != 0) {
    const int result = wait_for(second);
    ::_exit(telemetry.shutdown(30s).complete ? result : 5);
  }
  { Span span = telemetry.tracer("t").start_span("span"); }
  const bool quiet = telemetry.why_not() == "this process is a fork of its owner" &&
                     telemetry.ledger().offered() == 0 && !telemetry.flush(1s).complete;
  telemetry = Telemetry();
  ::_exit(quiet ? 0 : 6);
}

TEST(Telemetry, InAChildWithItsParentsProcessIdDoesNothingAndHarmsNothing) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fork_to_the_same_number());
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 3) GTEST_SKIP() << "no process namespaces for this user";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Telemetry, LeavesStandardDescriptorsAloneThatTheHostHasClosed) {
  const testing_support::FileTree folder;
  Settings settings;
  settings.service_name = "test";
  settings.outputs = {Otlp{.endpoint = "http://127.0.0.1:1"}};  // nobody listens there
  settings.store.directory = folder.root() + "/store";
  settings.diagnostics = [](const Diagnostic&) {};
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int descriptor : {0, 1, 2}) ::close(descriptor);
    Telemetry telemetry = start(settings);
    { Span span = telemetry.tracer("t").start_span("span"); }
    const FlushReport report = telemetry.flush(30s);
    const auto until = std::chrono::steady_clock::now() + 10s;
    bool taken = true;
    while (taken && std::chrono::steady_clock::now() <
                        until) {  // one is for an instant, by who reads a file
      taken = false;
      for (const int descriptor : {0, 1, 2}) taken = taken || ::fcntl(descriptor, F_GETFD) >= 0;
    }
    ::_exit(report.stored() != 1 ? 2 : taken ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: one of 0, 1 and 2 is ours; 2: the span was not stored";
}

TEST(Telemetry, StartsAndStopsManyTimesWithoutGrowing) {
  const auto threads = [] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/task")) {
      ++count;
    }
    return count;
  };
  const std::size_t before = threads();
  std::size_t after_first = 0;
  for (int i = 0; i < 15; ++i) {
    testing::InMemoryOutput memory;
    {
      Telemetry telemetry = start(settings_for(memory));
      ASSERT_TRUE(telemetry.is_running()) << telemetry.why_not();
      EXPECT_LE(threads(), before + 7u);
      Span span = telemetry.tracer("t").start_span("span");
    }
    EXPECT_EQ(memory.spans().size(), 1u);
    // The kernel shows a thread for a moment after it was joined.
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    const std::size_t expected = i == 0 ? before : after_first;
    while (threads() > expected && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    if (i == 0) after_first = threads();
    EXPECT_LE(threads(), after_first);
  }
}

TEST(Telemetry, ShowsItsHealth) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start(settings_for(memory));
  const Health health = telemetry.health();
  EXPECT_EQ(health.state, "running");
  EXPECT_TRUE(health.flight_recorder.starts_with("on (") ||
              health.flight_recorder.starts_with("off ("));
  EXPECT_GT(health.arena_bytes, 30'000'000u);
  EXPECT_GT(health.arena_free_bytes, 0u);
  EXPECT_FALSE(health.compression.empty());
  ASSERT_EQ(health.outputs.size(), 1u);
}

}  // namespace
}  // namespace posthaste

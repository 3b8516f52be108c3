#include "runtime/base/diagnostics_sink.h"

#include "runtime/base/diagnostic_codes.h"
#include "tests/support/manual_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace posthaste {
namespace {

using testing::ElementsAre;
using testing_support::ManualClock;
using namespace std::chrono_literals;

struct Sink {
  ManualClock clock;
  std::vector<Diagnostic> shown;
  DiagnosticsSink sink{[this](const Diagnostic& diagnostic) { shown.push_back(diagnostic); },
                       clock};

  void report(DiagnosticCode code, std::string_view message = "text") {
    sink.report(Severity::warn, code, message);
  }
};

TEST(DiagnosticCodes, EachHasItsOwnNameMeaningAndMend) {
  std::set<std::string_view> names;
  for (const auto& row : diagnostic_explanations()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(to_string(row.code), row.name);
    EXPECT_EQ(index_of(row.code), names.size() - 1);
    EXPECT_TRUE(row.name.ends_with(std::to_string(static_cast<int>(row.code)))) << row.name;
    EXPECT_TRUE(row.meaning.ends_with('.')) << row.name;
    EXPECT_TRUE(row.mend.ends_with('.')) << row.name;
  }
  EXPECT_EQ(to_string(DiagnosticCode{1}), "PH-UNKNOWN");
}

TEST(DiagnosticsSink, ShowsTheSameCodeAtMostOnceInThirtySeconds) {
  Sink s;
  for (int i = 0; i < 5; ++i) s.report(DiagnosticCode::delivery_failing);
  ASSERT_EQ(s.shown.size(), 1u);
  EXPECT_TRUE(s.shown[0].first);
  EXPECT_EQ(s.shown[0].suppressed, 0u);

  s.clock.advance(30s - 1ns);
  s.report(DiagnosticCode::delivery_failing);
  ASSERT_EQ(s.shown.size(), 1u);
  s.clock.advance(1ns);
  s.report(DiagnosticCode::delivery_failing, "again");
  ASSERT_EQ(s.shown.size(), 2u);
  EXPECT_FALSE(s.shown[1].first);
  EXPECT_EQ(s.shown[1].suppressed, 5u);
  EXPECT_EQ(s.shown[1].message, "again");
  EXPECT_EQ(s.sink.suppressed(), 5u);
}

TEST(DiagnosticsSink, CodesDoNotHoldEachOtherBack) {
  Sink s;
  s.report(DiagnosticCode::delivery_failing);
  s.report(DiagnosticCode::delivery_recovered);
  EXPECT_EQ(s.shown.size(), 2u);
}

TEST(DiagnosticsSink, ShowsEveryWrongSetting) {
  Sink s;
  for (int i = 0; i < 5; ++i) s.report(DiagnosticCode::environment_ignored, std::to_string(i));
  EXPECT_EQ(s.shown.size(), 5u);
}

TEST(DiagnosticsSink, MakesOneBoundedLineOfAnyMessage) {
  Sink s;
  s.report(DiagnosticCode::items_rejected, "answer:\r\n\x1b[31m\xFF");
  s.report(DiagnosticCode::redirect_refused, std::string(100'000, 'x'));
  ASSERT_EQ(s.shown.size(), 2u);
  EXPECT_EQ(s.shown[0].message, "answer:\\x0d\\x0a\\x1b[31m\\xff");
  EXPECT_EQ(s.shown[1].message.size(), DiagnosticsSink::max_message_bytes);
}

TEST(DiagnosticsSink, ShowsNothingBelowItsLevel) {
  Sink s;
  s.sink.show_from(Severity::error);
  s.report(DiagnosticCode::delivery_failing);
  EXPECT_TRUE(s.shown.empty());
  s.sink.report(Severity::error, DiagnosticCode::no_output, "text");
  EXPECT_EQ(s.shown.size(), 1u);
  s.sink.show_from(Severity::trace);
  s.report(DiagnosticCode::delivery_failing);
  ASSERT_EQ(s.shown.size(), 2u);
  EXPECT_TRUE(s.shown[1].first) << "what was not shown is not held back either";
}

TEST(DiagnosticsSink, AnUnknownCodeIsShownAsADefect) {
  Sink s;
  s.report(DiagnosticCode{12345});
  ASSERT_EQ(s.shown.size(), 1u);
  EXPECT_EQ(s.shown[0].code, DiagnosticCode::internal_defect);
}

TEST(DiagnosticsSink, CountsWhatTheHandlerThrows) {
  ManualClock clock;
  int calls = 0;
  DiagnosticsSink sink(
      [&](const Diagnostic&) {
        if (++calls == 1) throw std::runtime_error("handler");
        throw 42;
      },
      clock);
  sink.report(Severity::warn, DiagnosticCode::delivery_failing, "a");
  sink.report(Severity::warn, DiagnosticCode::delivery_recovered, "b");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(sink.handler_failures(), 2u);
}

TEST(DiagnosticsSink, AHandlerThatReportsDoesNotRecurse) {
  ManualClock clock;
  DiagnosticsSink* self = nullptr;
  int depth = 0;
  std::vector<DiagnosticCode> order;
  DiagnosticsSink sink(
      [&](const Diagnostic& diagnostic) {
        ASSERT_EQ(++depth, 1);
        order.push_back(diagnostic.code);
        self->report(Severity::warn, DiagnosticCode::store_filling, "from the handler");
        --depth;
      },
      clock);
  self = &sink;
  sink.report(Severity::warn, DiagnosticCode::delivery_failing, "a");
  EXPECT_THAT(order, ElementsAre(DiagnosticCode::delivery_failing, DiagnosticCode::store_filling));
}

// A handler that stands still until it is told to go on.
struct StandingHandler {
  ManualClock clock;
  std::promise<void> entered;
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  std::atomic<int> calls = 0;
  DiagnosticsSink sink{[this](const Diagnostic&) {
                         if (++calls == 1) {
                           entered.set_value();
                           may_go_on.wait();
                         }
                       },
                       clock};
  std::thread reporter{
      [this] { sink.report(Severity::warn, DiagnosticCode::environment_ignored, "first"); }};

  StandingHandler() { entered.get_future().wait(); }
  void finish() {
    go_on.set_value();
    reporter.join();
  }
};

TEST(DiagnosticsSink, NobodyWaitsForAHandlerAndWhatIsQueuedIsBounded) {
  StandingHandler standing;
  for (int i = 0; i < 100; ++i) {  // returns although the handler stands
    standing.sink.report(Severity::warn, DiagnosticCode::environment_ignored, "more");
  }
  standing.finish();
  EXPECT_EQ(standing.calls, 1 + static_cast<int>(DiagnosticsSink::max_queued));
  EXPECT_EQ(standing.sink.suppressed(), 100 - DiagnosticsSink::max_queued);
}

TEST(DiagnosticsSink, CloseWaitsForAHandlerOnlyAsLongAsItMay) {
  StandingHandler standing;
  standing.sink.report(Severity::warn, DiagnosticCode::environment_ignored, "queued");
  EXPECT_FALSE(standing.sink.close(1ms));
  standing.finish();
  EXPECT_TRUE(standing.sink.close(1ms));
  EXPECT_EQ(standing.calls, 1);
  EXPECT_EQ(standing.sink.suppressed(), 1u);
}

TEST(DiagnosticsSink, AfterCloseNothingIsShown) {
  Sink s;
  EXPECT_TRUE(s.sink.close(0ms));
  s.report(DiagnosticCode::delivery_failing);
  EXPECT_TRUE(s.shown.empty());
}

TEST(DiagnosticsSink, AHandlerMayCloseTheSinkItself) {
  ManualClock clock;
  DiagnosticsSink* self = nullptr;
  bool closed = false;
  DiagnosticsSink sink([&](const Diagnostic&) { closed = self->close(10s); }, clock);
  self = &sink;
  sink.report(Severity::warn, DiagnosticCode::delivery_failing, "a");
  EXPECT_TRUE(closed);
}

TEST(DiagnosticsSink, ShowsOrCountsEveryReportOfManyThreads) {
  ManualClock clock;
  std::atomic<int> inside = 0;
  std::uint64_t shown = 0;  // not atomic: the sink promises one call at a time
  DiagnosticsSink sink(
      [&](const Diagnostic&) {
        EXPECT_EQ(++inside, 1);
        ++shown;
        --inside;
      },
      clock);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        sink.report(Severity::warn, DiagnosticCode::setting_adapted, "each");
        sink.report(Severity::warn, DiagnosticCode::delivery_failing, "rated");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(sink.close(10s));
  EXPECT_EQ(shown + sink.suppressed(), 4000u);
}

// Stands in for stderr while a test looks at what is printed there.
class StderrAs {
public:
  explicit StderrAs(int descriptor) : kept_(::dup(STDERR_FILENO)) {
    ::dup2(descriptor, STDERR_FILENO);
  }
  ~StderrAs() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }

private:
  int kept_;
};

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() { EXPECT_EQ(::pipe2(ends, O_NONBLOCK), 0); }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  void close_reader() {
    ::close(ends[0]);
    ends[0] = -1;
  }
  std::string read() {
    char text[8192];
    const ssize_t length = ::read(ends[0], text, sizeof text);
    return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
  }
};

TEST(PrintDiagnostic, WritesOneLine) {
  Pipe pipe;
  {
    const StderrAs stderr_as(pipe.ends[1]);
    print_diagnostic({Severity::warn, DiagnosticCode::delivery_failing, "no route", false, 2});
  }
  EXPECT_EQ(pipe.read(), "posthaste: warn PH-DEL-300: no route (2 suppressed)\n");
}

TEST(PrintDiagnostic, IsTheHandlerWhereNoneIsGiven) {
  Pipe pipe;
  ManualClock clock;
  {
    const StderrAs stderr_as(pipe.ends[1]);
    DiagnosticsSink({}, clock).report(Severity::error, DiagnosticCode::no_output, "nowhere");
  }
  EXPECT_EQ(pipe.read(), "posthaste: error PH-SET-102: nowhere\n");
}

TEST(PrintDiagnostic, RaisesNoSignalWhenNobodyReadsStderr) {
  Pipe pipe;
  pipe.close_reader();
  {
    const StderrAs stderr_as(pipe.ends[1]);
    print_diagnostic({Severity::warn, DiagnosticCode::delivery_failing, "to nobody"});
  }
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);  // and the process lives
}

TEST(PrintDiagnostic, RaisesNoSignalWhereStderrIsAFileAtTheLimitOfItsSize) {
  const int file = ::memfd_create("stderr", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit nothing{0, before.rlim_max};
  {
    const StderrAs stderr_as(file);
    setrlimit(RLIMIT_FSIZE, &nothing);
    print_diagnostic({Severity::warn, DiagnosticCode::delivery_failing, "no room in the file"});
    setrlimit(RLIMIT_FSIZE, &before);
  }
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);  // and the process lives
  EXPECT_EQ(::lseek(file, 0, SEEK_END), 0);
  ::close(file);
}

TEST(PrintDiagnostic, DoesNotWaitForAFullStderr) {
  Pipe pipe;
  const std::string filling(4096, 'x');
  while (::write(pipe.ends[1], filling.data(), filling.size()) > 0) {
  }
  ::fcntl(pipe.ends[1], F_SETFL, 0);  // a write would block from here on
  const StderrAs stderr_as(pipe.ends[1]);
  print_diagnostic({Severity::warn, DiagnosticCode::delivery_failing, "no room"});
  SUCCEED() << "returned";
}

}  // namespace
}  // namespace posthaste

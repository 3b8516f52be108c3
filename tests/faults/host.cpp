/// A host that does what `posthaste load` does not: forks, ends in every way, shuts down from everywhere, records
/// what is too large, runs out of memory. It takes load's options and writes its report:
///
///   fault_host <what> --report F --ids F --connection-string S --ca-file F --store D --arena-dir D ...
///
/// Exit codes: 0 done, 1 a promise was broken (said on stderr), 2 wrong usage, others as the fault makes them.

#include "tests/faults/host_run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

namespace posthaste::faults {
namespace {

int exit_code_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// A child that uses what it has inherited, and ends.
[[noreturn]] void be_a_child(Telemetry& telemetry) {
  ::alarm(20);
  {
    Span span = telemetry.tracer("child").start_span("in the child");
    span.set_attribute("child", true);
    telemetry.logger("child").error("in the child");
    telemetry.meter("child").counter("children").add(1);
  }
  static_cast<void>(telemetry.flush(milliseconds{100}));
  ::_exit(0);
}

void fork_children(const Options& options) {
  Run run(options);
  {
    Workers workers(run, 4);
    for (int i = 0; i < 40; ++i) {
      const pid_t child =
          i % 2 == 0 ? ::fork() : static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
      if (child == 0) be_a_child(run.telemetry());
      expect(child > 0 && exit_code_of(child) == 0,
             "child " + std::to_string(i) + " did not end well");
      const pid_t other = ::fork();
      if (other == 0) {
        ::execl("/bin/true", "true", nullptr);
        ::_exit(1);
      }
      expect(exit_code_of(other) == 0, "a child that calls exec did not end well");
      run.record(50);
    }
  }
  run.finish();
}

void record_large(const Options& options) {
  Run run(options);
  const std::string mebibyte(1 << 20, 'x');
  run.record(100, [&](Span& span) { span.set_attribute("large", mebibyte); });
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i) keys.push_back("key." + std::to_string(i));
  run.record(20, [&](Span& span) {
    for (const std::string& key : keys) span.set_attribute(key, std::int64_t{1});
  });
  run.record(100);
  run.finish();
}

void record_series(const Options& options) {
  Run run(options);
  const Counter<> counter = run.telemetry().meter("faults").counter("orders");
  const Clock::time_point begin = Clock::now();
  for (std::int64_t i = 0; i < 1'000'000; ++i) counter.add(1, {{"order", i}});
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  static_cast<void>(run.telemetry().flush(milliseconds{10'000}));
  const MetricHealth health = run.telemetry().health().metrics;
  std::ofstream(options.text("--report") + ".series")
      << "{\"overflowed\": " << health.overflowed << ", \"memory\": " << health.memory.count
      << ", \"nanoseconds\": " << seconds * 1000 << "}\n";
  static_cast<void>(run.telemetry().shutdown(options.deadline()));
}

void shut_down_eight_at_once(const Options& options) {
  Run run(options);
  {
    Workers workers(run, 2);
    run.record(3'000);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const Clock::time_point begin = Clock::now();
        static_cast<void>(run.telemetry().shutdown(options.deadline()));
        expect(Clock::now() - begin <= options.deadline() + milliseconds{200},
               "a shutdown was late");
      });
    }
    for (std::thread& thread : threads) thread.join();
    run.record(10);  // after the end: counted, nothing else
  }
  run.finish();
}

void shut_down_in_a_callback(const Options& options) {
  Run run(options);
  run.record(3'000);
  std::atomic<int> told{0};
  run.telemetry().flush(milliseconds{2'000}, [&](const FlushReport&) {
    // On a thread of ours: the waiting form must not wait for itself.
    run.telemetry().shutdown(options.deadline(), [&](const FlushReport&) { ++told; });
  });
  const Clock::time_point until = Clock::now() + options.deadline() + milliseconds{3'000};
  while (told == 0 && Clock::now() < until) std::this_thread::yield();
  expect(told == 1, "the callback of the shutdown was called " + std::to_string(told) + " times");
  run.finish();
}

Run* left = nullptr;
Workers* left_at_work = nullptr;

/// While threads record; and threads go on recording when all is over, until the process is gone.
void finish_left() {
  left->record(5);
  static_cast<void>(left->telemetry().shutdown(left->options().deadline()));
  delete std::exchange(left_at_work, nullptr);
  left->finish();
  for (int i = 0; i < 4; ++i) {
    std::thread([tracer = left->telemetry().tracer("afterwards")] {
      for (;;) tracer.start_span("nobody waits for it").set_attribute("late", true);
    }).detach();
  }
}

struct AtTheEnd {
  bool armed = false;
  ~AtTheEnd() {
    if (armed) finish_left();
  }
} at_the_end;

/// The waiting form, from wherever the application is called back: it may come to nothing there, but in time.
class StopsOnce {
public:
  void arm(Telemetry& telemetry, milliseconds deadline) {
    deadline_ = deadline;
    telemetry_ = &telemetry;
  }
  void operator()() {
    Telemetry* const telemetry = telemetry_.exchange(nullptr);
    if (telemetry == nullptr) return;
    const Clock::time_point begin = Clock::now();
    static_cast<void>(telemetry->shutdown(deadline_));
    expect(Clock::now() - begin <= deadline_ + milliseconds{200}, "the shutdown was late");
    over = true;
  }
  void wait() const {
    const Clock::time_point until = Clock::now() + milliseconds{30'000};
    while (!over && Clock::now() < until) std::this_thread::yield();
    expect(over, "the callback was not called, or its shutdown did not return");
  }

  std::atomic<bool> over{false};

private:
  std::atomic<Telemetry*> telemetry_{nullptr};
  milliseconds deadline_{};
};

/// In a processor, on the thread that records; in the callback of a gauge; in the diagnostics' handler, on the thread
/// of whatever part has something to say.
void shut_down_when_called_back(const Options& options, const std::string& where) {
  StopsOnce stop;
  Settings settings = options.settings();
  if (where == "processor") settings.span_processors = {{.on_end = [&](EndingSpan&) { stop(); }}};
  if (where == "handler") settings.diagnostics = [&](const Diagnostic&) { stop(); };
  Run run(options, std::move(settings));
  const bool at_once = where == "handler";  // what there is to say is said once
  if (at_once) stop.arm(run.telemetry(), options.deadline());
  run.record(3'000);
  const auto gauge = run.telemetry().meter("faults").observable_gauge("called");
  Registration registration;
  if (where == "gauge") {
    registration = gauge.observe([&](Observer<double>&) { stop(); });
  }
  if (!at_once) stop.arm(run.telemetry(), options.deadline());
  {
    Workers workers(run, 2);
    run.telemetry().flush(options.deadline(), [](const FlushReport&) {});
    stop.wait();
  }
  run.finish();
}

/// The last word is that of an atexit handler, or of a static object's destructor.
void shut_down_late(const Options& options, bool by_atexit) {
  left = new Run(*new Options(options));
  left->record(3'000);
  left_at_work = new Workers(*left, 4);
  if (by_atexit) {
    std::atexit(finish_left);
  } else {
    at_the_end.armed = true;
  }
}

/// The shim's control file: see shim.cpp.
class Memory {
public:
  Memory() {
    const char* const path = std::getenv("POSTHASTE_SHIM");
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    void* const mapped = ::mmap(nullptr, 256, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    words_ = mapped == MAP_FAILED ? nullptr : static_cast<std::int64_t*>(mapped);
  }
  bool ready() const { return words_ != nullptr; }

  /// The n-th allocation from now on fails, on this thread; or all from it on.
  void arm(std::int64_t n, bool forever) {
    auto* const halves = reinterpret_cast<std::uint32_t*>(words_);
    halves[4] = forever ? 1 : 0;
    halves[5] = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    words_[3] = 0;
    words_[4] = 0;
    words_[1] = n;
  }
  /// Whether it has struck.
  bool disarm() {
    words_[1] = 0;
    return words_[4] > 0;
  }

private:
  std::int64_t* words_ = nullptr;
};

/// Every call of the public face once; how many spans and logs were offered. What the calls are given was made
/// before: an allocation that fails is one of theirs.
std::uint64_t call_everything(Telemetry& telemetry, int& thrown) {
  static const std::runtime_error wrong("it went wrong");
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 200; ++i) made.push_back("key." + std::to_string(i));
    return made;
  }();
  const Tracer tracer = telemetry.tracer("memory", "1");
  std::uint64_t offered = 0;
  {
    Span span = tracer.start_span("order", {.kind = SpanKind::server});
    const Scope scope(span);
    span.set_attribute("text", std::string_view("a text of some length that is no small string"));
    span.set_attribute("number", std::int64_t{1});
    span.add_event("event", {{"key", "value"}});
    span.record_exception(wrong);
    Span inner = tracer.start_span("inner");
    for (const std::string& key : keys) inner.set_attribute(key, std::int64_t{1});
  }
  offered += 2;
  telemetry.logger("memory").error("a body", {{"key", "value"}});
  ++offered;
  const Meter meter = telemetry.meter("memory");
  meter.counter("orders").add(1, {{"kind", "x"}});
  meter.histogram("duration").record(1.5, {{"kind", "y"}});
  for (const auto& look : {+[](Telemetry& of) { static_cast<void>(of.ledger()); },
                           +[](Telemetry& of) { static_cast<void>(of.health()); },
                           +[](Telemetry& of) { static_cast<void>(of.diagnostics()); },
                           +[](Telemetry& of) { static_cast<void>(of.why_not()); }}) {
    try {
      look(telemetry);
    } catch (const std::bad_alloc&) {
      ++thrown;  // these give values back that hold memory; nothing else may throw
    }
  }
  return offered;
}

/// The n-th allocation of this thread fails, n = 1, 2, ..., within all calls, then within a start and an end.
void run_out_of_memory(const Options& options) {
  Memory memory;
  expect(memory.ready(), "the shim is not there");
  if (!memory.ready()) return;
  int thrown = 0;
  std::int64_t calls = 0;
  std::int64_t starts = 0;
  std::uint64_t offered = 0;
  Settings settings = options.settings();
  settings.arena_size = Bytes{4 << 20};
  {
    Telemetry telemetry = start(settings);
    call_everything(telemetry, thrown);
    offered += 3;
    expect(telemetry.is_running(), "it does not run: " + telemetry.why_not());
    for (std::int64_t n = 1;; ++n) {
      memory.arm(n, n % 2 == 0);
      offered += call_everything(telemetry, thrown);
      if (!memory.disarm()) break;
      ++calls;
    }
    const FlushReport report = telemetry.shutdown(milliseconds{5'000});
    // Points of metrics are records too, beside what was offered here.
    expect(report.ledger.offered() >= offered, "records are missing from the ledger");
    for (const OutputLedger& output : report.ledger.outputs) {
      expect(report.ledger.accepted + output.recovered == output.delivered + output.in_store +
                                                              output.resident + output.for_others +
                                                              output.dropped.total(),
             "the sums do not close");
    }
  }
  // A start makes many thousands of them: each of the first, then one of two hundred, roughly.
  for (std::int64_t n = 1;; n += 1 + n / 200) {
    int ignored = 0;
    Settings given = settings;
    memory.arm(n, false);
    {
      Telemetry telemetry = start(std::move(given));
      call_everything(telemetry, ignored);
      telemetry.shutdown(milliseconds{1'000});
    }
    if (!memory.disarm()) break;
    ++starts;
  }
  std::ofstream(options.text("--report"))
      << "{\"allocations_of_calls\": " << calls << ", \"allocations_of_start_and_end\": " << starts
      << ", \"offered\": " << offered << ", \"thrown_by_ledger_and_health\": " << thrown << "}\n";
}

}  // namespace
}  // namespace posthaste::faults

int main(int count, char** words) {
  using namespace posthaste::faults;
  const std::string what = count > 1 ? words[1] : "";
  const Options options(count, words);
  if (what == "fork") {
    fork_children(options);
  } else if (what == "large") {
    record_large(options);
  } else if (what == "series") {
    record_series(options);
  } else if (what == "crash") {
    crash(options);
  } else if (what == "eight") {
    shut_down_eight_at_once(options);
  } else if (what == "callback") {
    shut_down_in_a_callback(options);
  } else if (what == "processor" || what == "gauge" || what == "handler") {
    shut_down_when_called_back(options, what);
  } else if (what == "atexit" || what == "static") {
    shut_down_late(options, what == "atexit");
  } else if (what == "memory") {
    run_out_of_memory(options);
  } else {
    std::fprintf(stderr, "fault_host: no such thing: %s\n", what.c_str());
    return 2;
  }
  return broken ? 1 : 0;
}

#include "tests/faults/host_run.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace posthaste::faults {
namespace {

/// Takes memory until somebody says stop: the kernel, in a cgroup that has no more.
[[noreturn]] void take_all_memory() {
  constexpr std::size_t step = 1 << 20;
  for (;;) {
    if (void* const memory = std::malloc(step)) std::memset(memory, 1, step);
  }
}

}  // namespace

void crash(const Options& options) {
  Run run(options);
  std::vector<Span> open;
  {
    const Tracer tracer = run.telemetry().tracer("faults");
    const auto ids = tools::IdFile::create(options.text("--open-ids"));
    tools::IdWriter writer(ids ? ids->get() : nullptr);
    for (int i = 0; i < 10; ++i) {
      open.push_back(tracer.start_span("left open"));
      open.back().set_attribute("left", std::int64_t{i});
      writer.write(open.back().context());
    }
  }
  const auto threads = static_cast<unsigned>(options.number("--threads", 1));
  const double rate = options.number("--rate", 0);
  const std::string how = options.text("--how");
  const Clock::time_point until =
      how == "wait"
          ? Clock::time_point::max()
          : Clock::now() + milliseconds(static_cast<int>(options.number("--for", 1) * 1000));
  const Workers workers(run, threads - 1, rate * (threads - 1) / threads);
  record_until(run, rate / threads, [until] { return Clock::now() >= until; });
  if (how == "memory") take_all_memory();
  if (how == "segv") ::raise(SIGSEGV);
  if (how == "abort") std::abort();
  if (how == "exit") std::exit(7);  // without an end of the telemetry: its threads still run
  ::_exit(7);
}

}  // namespace posthaste::faults

#include "tools/load/load.h"

#include "tools/load/pace.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace posthaste::tools {
namespace {

using std::chrono::duration;
using namespace std::chrono_literals;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Of this program: what getrusage tells counts what the process held before its exec, too.
std::uint64_t peak_resident_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "VmHWM:" && file >> kibibytes) return kibibytes * 1024;
  }
  return resident_bytes();
}

double seconds_since(SteadyTime start) {
  return duration<double>(system_clock().steady() - start).count();
}

/// The producers of one run, and what they have in common.
class Producers {
public:
  Producers(const LoadOptions& options, const Telemetry& telemetry, IdFile* ids,
            const std::atomic<bool>& stop)
      : options_(options), telemetry_(telemetry), ids_(ids), stop_(stop) {}

  void start() {
    start_ = system_clock().steady();
    running_ = options_.threads;
    for (std::uint32_t i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this, i] { work_in_turns(i); });
    }
  }

  /// Waits at most `limit`; true when all are done.
  bool wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, limit, [this] { return running_ == 0; });
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }

  std::uint64_t recorded() const noexcept { return recorded_.load(std::memory_order_relaxed); }
  LogLinearHistogram latency() {
    const std::lock_guard lock(mutex_);
    return latency_;
  }

private:
  /// One producer's share, by one thread after the other when threads are to be short-lived.
  void work_in_turns(std::uint32_t number) {
    Pace pace(options_.rate / options_.threads / records_in(options_.profile), start_);
    std::uint64_t left = turns(number);
    while (left > 0 && !over()) {
      if (options_.turns_per_thread == 0) {
        left = work(pace, left, left);
      } else {
        const std::uint64_t some = std::min(left, options_.turns_per_thread);
        std::thread short_lived([&] { left = work(pace, left, some); });
        short_lived.join();
      }
    }
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) ended_.notify_all();
  }

  /// Up to `some` turns of the `left` ones; how many are left then.
  std::uint64_t work(Pace& pace, std::uint64_t left, std::uint64_t some) {
    Workload workload(telemetry_, options_.profile, options_.attributes, ids_);
    const std::uint32_t records = records_in(options_.profile);
    while (some > 0 && !over()) {
      const std::uint64_t due = std::min({pace.due(), some, std::uint64_t{256}});
      if (due == 0) {
        pace.wait();
        continue;
      }
      for (std::uint64_t i = 0; i < due; ++i) workload.turn();
      recorded_.fetch_add(due * records, std::memory_order_relaxed);
      pace.did(due);
      some -= due;
      left -= due;
    }
    const std::lock_guard lock(mutex_);
    latency_.add(workload.latency());
    return left;
  }

  bool over() const {
    return stop_.load(std::memory_order_relaxed) ||
           (options_.duration && system_clock().steady() - start_ >= *options_.duration);
  }
  std::uint64_t turns(std::uint32_t number) const {
    if (!options_.records) return ~std::uint64_t{0};
    const std::uint32_t records = records_in(options_.profile);
    const std::uint64_t all = (*options_.records + records - 1) / records;
    return all / options_.threads + (number < all % options_.threads ? 1 : 0);
  }

  const LoadOptions& options_;
  const Telemetry& telemetry_;
  IdFile* ids_;
  const std::atomic<bool>& stop_;
  SteadyTime start_{};
  std::vector<std::thread> threads_;
  std::atomic<std::uint64_t> recorded_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::uint32_t running_ = 0;   // guarded by mutex_
  LogLinearHistogram latency_;  // guarded by mutex_
};

bool all_delivered(const Ledger& ledger) {
  return std::ranges::all_of(ledger.outputs, [&ledger](const OutputLedger& output) {
    return output.resident == 0 && output.in_store == 0 &&
           ledger.accepted + output.recovered ==
               output.delivered + output.for_others + output.dropped.total();
  });
}

/// Waits until all `recorded` records (0: whatever there is) are in the ledger, which counts them a
/// tick later, and delivered. A run that records nothing is there for what an earlier one left
/// behind, which takes a while to be found: for it the account must stay closed for some seconds.
void linger(const LoadOptions& options, std::uint64_t recorded, const std::atomic<bool>& stop,
            const Telemetry& telemetry, const std::function<void()>& tell) {
  const std::chrono::milliseconds quiet = options.records == 0 ? 3000ms : 0ms;
  const SteadyTime latest = system_clock().steady() + options.linger;
  SteadyTime open_until = system_clock().steady();
  SteadyTime told = open_until;
  while (!stop && system_clock().steady() < latest) {
    const SteadyTime now = system_clock().steady();
    const Ledger ledger = telemetry.ledger();
    if (ledger.offered() < recorded || !all_delivered(ledger)) open_until = now;
    if (open_until != now && now - open_until >= quiet) return;
    if (now - told >= 1s) {
      tell();
      told = now;
    }
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace

Result<LoadReport> run_load(const LoadOptions& options, const std::atomic<bool>& stop,
                            const std::function<void(const LoadProgress&)>& progress) {
  LoadReport report;
  std::unique_ptr<IdFile> ids;
  if (!options.ids_path.empty()) {
    auto created = IdFile::create(options.ids_path);
    if (!created) return std::move(created).error();
    ids = std::move(*created);
  }
  report.rss_at_start = resident_bytes();
  auto telemetry = Telemetry::create(options.settings);
  if (!telemetry) return std::move(telemetry).error();

  const TickScale scale;
  const double cpu_before = cpu_seconds();
  const SteadyTime start = system_clock().steady();
  Producers producers(options, *telemetry, ids.get(), stop);
  const auto tell = [&] {
    progress({producers.recorded(), system_clock().steady() - start, telemetry->ledger()});
  };
  producers.start();
  while (!producers.wait(1000ms)) tell();
  producers.join();
  report.load_seconds = seconds_since(start);

  linger(options, options.profile == Profile::metric ? 0 : producers.recorded(), stop, *telemetry,
         tell);
  tell();
  const SteadyTime stopping = system_clock().steady();
  const FlushReport flushed = telemetry->shutdown(options.shutdown_deadline);
  report.shutdown_seconds = seconds_since(stopping);
  report.wall_seconds = seconds_since(start);
  report.cpu_seconds = cpu_seconds() - cpu_before;
  report.peak_rss = peak_resident_bytes();
  report.recorded = producers.recorded();
  report.complete = flushed.complete;
  report.measured = options.profile == Profile::metric;
  report.ledger = telemetry->ledger();
  for (const OutputHealth& output : telemetry->diagnostics().health.outputs) {
    report.inconsistent += output.requests.inconsistent;
  }
  report.latency = producers.latency();
  report.tick_nanoseconds = scale.nanoseconds();
  if (ids) {
    report.ids_lost = ids->lost();
    if (auto closed = ids->close(); !closed) return std::move(closed).error();
  }
  return report;
}

}  // namespace posthaste::tools

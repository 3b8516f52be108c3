#pragma once

/// What the modes of fault_host share: its options, a telemetry with its books, and threads that record.

#include "tools/load/id_file.h"
#include "tools/load/load.h"
#include "tools/load/pace.h"

#include <posthaste/posthaste.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace posthaste::faults {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// --name value, in pairs.
class Options {
public:
  Options(int count, char** words) {
    for (int i = 2; i < count; ++i) {
      std::string name = words[i];
      const bool flag = i + 1 == count || std::string_view(words[i + 1]).starts_with("--");
      values_[name] = flag ? std::string("1") : std::string(words[++i]);
    }
  }
  std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  double number(const std::string& name, double otherwise) const {
    return values_.contains(name) ? std::stod(text(name)) : otherwise;
  }
  milliseconds deadline() const {
    return milliseconds(static_cast<int>(number("--shutdown-deadline", 5) * 1000));
  }

  Settings settings() const {
    Settings settings;
    settings.service_name = "fault-host";
    if (!text("--connection-string").empty()) {
      settings.outputs = {AzureMonitor{.connection_string = text("--connection-string"),
                                       .ca_file = text("--ca-file")}};
    }
    settings.metrics.performance_counters = false;  // the account is of what was recorded here
    settings.metrics.standard_metrics = false;
    settings.metrics.self_metrics = false;
    settings.store.directory = text("--store");
    if (!text("--no-store").empty()) settings.store.enabled = false;
    settings.arena_dir = text("--arena-dir");
    if (!text("--arena-mib").empty()) {
      settings.arena_size = Bytes{static_cast<std::uint64_t>(number("--arena-mib", 32)) << 20};
    }
    settings.shutdown_deadline = deadline();
    return settings;
  }

private:
  std::map<std::string, std::string> values_;
};

inline std::atomic<bool> broken{false};

inline void expect(bool holds, const std::string& what) {
  if (holds) return;
  broken = true;
  std::fprintf(stderr, "fault_host: broken: %s\n", what.c_str());
}

/// A telemetry, what it was given, and its report in the form of load's.
class Run {
public:
  explicit Run(const Options& options) : Run(options, options.settings()) {}
  Run(const Options& options, Settings settings)
      : options_(options), telemetry_(start(std::move(settings))) {
    if (auto created = tools::IdFile::create(options.text("--ids"))) ids_ = std::move(*created);
    report_.rss_at_start = 0;
  }

  const Telemetry& telemetry() const { return telemetry_; }
  Telemetry& telemetry() { return telemetry_; }
  const Options& options() const { return options_; }

  /// Spans of one thread, each noted once it has ended.
  void record(std::uint64_t count, const std::function<void(Span&)>& fill = {}) {
    tools::IdWriter writer(ids_.get());
    record(count, writer, fill);
  }
  void record(std::uint64_t count, tools::IdWriter& writer,
              const std::function<void(Span&)>& fill = {}) {
    const Tracer tracer = telemetry_.tracer("faults");
    for (std::uint64_t i = 0; i < count; ++i) {
      Span span = tracer.start_span("work");
      span.set_attribute("number", static_cast<std::int64_t>(i));
      if (fill) fill(span);
      const Context context = span.context();
      span.end();
      writer.write(context);
      recorded_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  tools::IdFile* ids() const noexcept { return ids_.get(); }

  /// Shuts down in `deadline`, if that was not done, and writes the report.
  void finish() {
    const Clock::time_point begin = Clock::now();
    const FlushReport flushed = telemetry_.shutdown(options_.deadline());
    report_.shutdown_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    report_.recorded = recorded_;
    report_.complete = flushed.complete;
    report_.ledger = telemetry_.ledger();
    if (ids_) expect(ids_->close().has_value(), "the ids could not be written");
    std::ofstream(options_.text("--report")) << report_.to_json();
  }

private:
  const Options& options_;
  Telemetry telemetry_;
  std::unique_ptr<tools::IdFile> ids_;
  std::atomic<std::uint64_t> recorded_{0};
  tools::LoadReport report_;
};

/// Records on this thread, at `rate` spans a second or as fast as can be, until it is over.
template <class Over>
void record_until(Run& run, double rate, const Over& over) {
  tools::Pace pace(rate, Clock::now());
  tools::IdWriter writer(run.ids());
  while (!over()) {
    const std::uint64_t due = std::min<std::uint64_t>(pace.due(), 20);
    run.record(due, writer);
    pace.did(due);
    if (rate > 0) pace.wait();
    std::this_thread::yield();
  }
}

/// Threads that record until they are told to stop.
class Workers {
public:
  /// `rate` spans a second of all of them, or as many as they can.
  Workers(Run& run, unsigned count, double rate = 0) {
    for (unsigned i = 0; i < count; ++i) {
      threads_.emplace_back([this, &run, each = rate / count] {
        record_until(run, each, [this] { return over_.load(); });
      });
    }
  }
  ~Workers() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

private:
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

/// Records, leaves 10 spans open, and ends without a word, or is ended: `--how`.
[[noreturn]] void crash(const Options& options);

}  // namespace posthaste::faults

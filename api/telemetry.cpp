#include <posthaste/telemetry.h>

#include "actors/pipeline.h"
#include "api/built_in_meters.h"
#include "api/ending_wait.h"
#include "api/flight_recorder.h"
#include "api/metrics_access.h"
#include "api/set_up.h"
#include "runtime/base/diagnostics_sink.h"
#include "runtime/base/entropy.h"
#include "runtime/base/file_descriptor.h"
#include "runtime/base/fork_guard.h"
#include "runtime/base/kept.h"
#include "runtime/base/thread.h"
#include "runtime/config/final_settings.h"
#include "runtime/config/propagators.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"
#include "runtime/wire/gzip.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace posthaste {
namespace {

using std::chrono::milliseconds;

/// What a blocking call may take beyond its deadline.
constexpr milliseconds grace{150};

}  // namespace

/// One runtime. Its parts go in a fixed order, by tear_down(), on the application's thread;
/// callbacks on the pipeline's threads hold it weakly.
class Telemetry::Impl : public std::enable_shared_from_this<Telemetry::Impl> {
public:
  explicit Impl(DiagnosticsHandler handler) : diagnostics_(std::move(handler), system_clock()) {}

  Result<void> start(const Settings& settings) {
    const StandardDescriptorsTaken taken;
    std::vector<Diagnostic> warnings;
    const config::Environment environment = config::Environment::of_process();
    auto final = config::finalize(settings, environment, warnings);
    if (!final) {
      // What keeps telemetry from starting is said at any level.
      auto outside = config::settings_without_start(settings, environment);
      propagators_ = outside.propagators;
      write_diagnostics_to(outside.diagnostics);
      for (const Diagnostic& warning : warnings) diagnostics_.report(warning);
      return refuse(std::move(final).error());
    }
    propagators_ = final->propagators();
    diagnostics_.show_from(final->diagnostics().level);
    write_diagnostics_to(final->diagnostics());
    for (const Diagnostic& warning : warnings) diagnostics_.report(warning);
    settings_ = std::make_shared<const config::FinalSettings>(std::move(*final));
    auto recorder = make_flight_recorder(*settings_);
    if (!recorder) return refuse(std::move(recorder).error());
    recorder_ = std::move(*recorder);
    producer_ = produce::Producer::acquire();
    if (producer_ == nullptr || !producer_->ingress().usable()) {
      return refuse(Error(ErrorCode::internal,
                          "63 Telemetry objects are in use, or there is no memory for one more"));
    }
    metrics_ = std::make_shared<metrics::MetricStore>(
        metric_setup(*settings_), producer_->ingress(), system_clock(), diagnostics_);
    built_in_ = make_built_in_meters(*settings_, recorder_.arena, *metrics_, diagnostics_);
    auto pipeline = actors::Pipeline::start(parts());
    if (!pipeline) return refuse(std::move(pipeline).error());
    pipeline_ = std::move(*pipeline);
    close_in_children(recorder_.region->lock_descriptor());
    producer_->open(producer_setup(*settings_, recorder_));
    diagnostics_.report(Severity::info, DiagnosticCode::flight_recorder,
                        "flight recorder: " + recorder_.region->recorder_state());
    state_ = State::running;
    return {};
  }

  bool records() const noexcept {
    return state_ == State::running && (producer_->ingress().flags() & Ingress::open) != 0;
  }
  std::string why_not() const {
    if (records()) return {};
    if (state_ != State::running) return why_not_;
    return is_forked() ? "this process is a fork of its owner" : "it has been shut down";
  }

  Tracer tracer(std::string_view name, std::string_view version) {
    if (!alive()) return Tracer();
    return SpanAccess::tracer(producer_->number(), scope(name, version));
  }
  Logger logger(std::string_view name, std::string_view version) {
    if (!alive()) return Logger();
    const config::FinalLogSettings& logs = settings_->logs();
    return SpanAccess::logger(
        producer_->number(),
        producer_->loggers().make(scope(name, version), logs.minimum_severity, logs.rate_limit));
  }

  Meter meter(std::string_view name, std::string_view version) {
    if (!alive()) return Meter();
    bool made = false;
    metrics::MeterState& state = metrics_->meter(name, scope(name, version), made);
    if (made) pipeline_->watch_meters();
    return MetricsAccess::meter(metrics_, state);
  }

  /// `done` is called once, with whether it was complete; at once when there is nothing to wait
  /// for.
  void flush(milliseconds deadline, std::function<void(bool)> done) {
    if (!alive()) return done(state_ != State::running);
    pipeline_->flush(system_clock().steady() + deadline, std::move(done));
  }
  void stop(milliseconds deadline, std::function<void(bool)> done) {
    if (!alive()) return done(state_ != State::running);
    // The lanes stay open for the points of the last collection; the supervisor closes them.
    producer_->ingress().close();
    stopping_ = true;
    pipeline_->stop(system_clock().steady() + deadline,
                    [weak = weak_from_this(), done = std::move(done)](bool complete) {
                      if (const auto self = weak.lock()) self->stopping_ = false;
                      done(complete);
                    });
  }
  void ask_to_stop() noexcept {
    if (state_ != State::running) return;
    asked_to_stop_.store(true, std::memory_order_relaxed);
    producer_->bell().ring_loudly();
  }

  FlushReport report(bool complete) const { return {complete, ledger()}; }
  Ledger ledger() const {
    if (!alive()) return {};
    Ledger ledger = pipeline_->ledger();
    ledger.refused = producer_->refused();
    return ledger;
  }
  /// Null where nothing runs.
  CallbackFailures* callback_failures() const noexcept {
    return alive() ? &producer_->callback_failures() : nullptr;
  }
  /// Without memory to look: yes; whoever takes over what is left finds out.
  bool holds_records() const noexcept {
    try {
      return report(false).resident() > 0;
    } catch (const std::bad_alloc&) {
      return true;
    }
  }
  Health health() const;
  Propagators propagators() const noexcept { return propagators_; }
  milliseconds shutdown_deadline() const {
    return settings_ == nullptr ? milliseconds{0} : settings_->shutdown_deadline();
  }

  /// After a stop, or a start that failed: ends the threads and frees what they used; what hangs is left to itself.
  void tear_down(milliseconds patience) noexcept;

private:
  enum class State : std::uint8_t { off, running, gone };

  /// The first process of a namespace may have a child with its own number: the page that the kernel
  /// wipes tells them apart.
  bool is_forked() const noexcept {
    return ::getpid() != pid_ ||
           (state_ == State::running && (producer_->ingress().flags() & Ingress::mapped) == 0);
  }
  bool alive() const noexcept { return state_ == State::running && !is_forked(); }

  void write_diagnostics_to(const config::FinalDiagnostics& settings) {
    if (settings.log_file.empty()) return;
    diagnostics_.write_to(std::make_shared<DiagnosticsFile>(
        settings.log_file, settings.log_size, system_clock(),
        [weak = weak_from_this()](const std::string& why) {
          const auto self = weak.lock();
          if (self == nullptr) return;
          self->diagnostics_.report(Severity::warn, DiagnosticCode::log_file_failing, why);
        }));
  }

  Error refuse(Error error) {
    diagnostics_.report(config::diagnostic_of(error));
    why_not_ = error.message();
    tear_down(milliseconds{0});
    return error;
  }

  actors::PipelineParts parts() {
    actors::PipelineParts parts;
    parts.settings = settings_;
    parts.arena = recorder_.arena;
    parts.region = recorder_.region.get();
    parts.bell = &producer_->bell();
    parts.ingress = &producer_->ingress();
    parts.diagnostics = &diagnostics_;
    parts.steered_rate = &producer_->steered_rate();
    parts.callback_failures = &producer_->callback_failures();
    parts.metrics = metrics_;
    parts.request_counters = built_in_.request_counters;
    parts.seed = entropy();
    parts.ground = shared_from_this();
    for (const auto& candidate : settings_->arena().directories) {
      parts.orphan_directories.push_back(candidate.path);
    }
    for (const config::FinalOutput& output : settings_->outputs()) {
      parts.sinks.push_back(output.sink);
    }
    parts.on_bell = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->answer_bell();
    };
    return parts;
  }

  /// On the io thread: somebody may have called request_shutdown().
  void answer_bell() {
    if (!asked_to_stop_.exchange(false, std::memory_order_relaxed)) return;
    stop(shutdown_deadline(), [](bool) {});
  }

  std::uint16_t scope(std::string_view name, std::string_view version) {
    const std::uint16_t number = producer_->scopes().intern({name, version, {}});
    if (number == 0 && !name.empty()) {
      diagnostics_.report(Severity::warn, DiagnosticCode::setting_adapted,
                          "there are too many tracers and loggers of different names: \"" +
                              std::string(name) + "\" and later ones record without a scope name");
    }
    return number;
  }

  const pid_t pid_ = ::getpid();
  DiagnosticsSink diagnostics_;
  State state_ = State::off;
  std::string why_not_ = "it was not started";
  Propagators propagators_;
  std::shared_ptr<const config::FinalSettings> settings_;
  FlightRecorder recorder_;
  produce::Producer* producer_ = nullptr;
  std::shared_ptr<metrics::MetricStore> metrics_;
  BuiltInMeters built_in_;  // of metrics_
  std::unique_ptr<actors::Pipeline> pipeline_;
  std::atomic<bool> asked_to_stop_{false};
  std::atomic<bool> stopping_{false};
};

Health Telemetry::Impl::health() const {
  Health health;
  if (!alive()) {
    health.state = "off: " + why_not();
    return health;
  }
  actors::PipelineHealth inside = pipeline_->health();
  health.state = records() ? "running" : stopping_ ? "stopping" : "stopped";
  health.flight_recorder = recorder_.region->recorder_state();
  health.tick_source = recorder_.arena.header().tick_source == TickSource::time_stamp_counter
                           ? "time-stamp counter"
                           : "CLOCK_MONOTONIC";
  health.compression = wire::compressor_name();
  health.arena_bytes = inside.arena_bytes;
  health.arena_free_bytes = inside.arena_free_bytes;
  health.restarts = inside.restarts;
  health.callback_failures = producer_->callback_failures().total();
  health.diagnostics_suppressed = diagnostics_.suppressed();
  health.handler_failures = diagnostics_.handler_failures();
  health.metrics = inside.metrics;
  health.unmeasured = producer_->unmeasured();
  health.outputs = std::move(inside.outputs);
  return health;
}

void Telemetry::Impl::tear_down(milliseconds patience) noexcept {
  if (state_ == State::gone) return;
  const bool forked = is_forked();
  const bool something_is_left = !forked && pipeline_ != nullptr && holds_records();
  if (state_ == State::running) state_ = State::gone;
  if (forked || (pipeline_ != nullptr && !pipeline_->end(patience))) {
    // Threads that hang (or are not in this process at all) may still use all of this, but not the
    // application's handler: what it refers to may be gone from now on.
    if (!forked) diagnostics_.close(milliseconds{100});
    keep_for_ever(shared_from_this());
    return;
  }
  if (pipeline_ == nullptr && weak_from_this().use_count() > 1) {
    // A start that failed left an actor behind, which keeps all of this, but not the handler.
    diagnostics_.close(milliseconds{100});
    return;
  }
  pipeline_.reset();
  if (recorder_.region != nullptr) forget_in_children(recorder_.region->lock_descriptor());
  if (producer_ != nullptr) producer_->release();
  if (something_is_left) recorder_.region->leave();
  recorder_.region.reset();
  diagnostics_.close(milliseconds{100});
}

std::uint64_t FlushReport::delivered() const noexcept {
  std::uint64_t sum = 0;
  for (const OutputLedger& output : ledger.outputs) sum += output.delivered;
  return sum;
}
std::uint64_t FlushReport::stored() const noexcept {
  std::uint64_t sum = 0;
  for (const OutputLedger& output : ledger.outputs) sum += output.in_store;
  return sum;
}
std::uint64_t FlushReport::resident() const noexcept {
  std::uint64_t sum = 0;
  for (const OutputLedger& output : ledger.outputs) sum += output.resident;
  return sum;
}
std::uint64_t FlushReport::dropped() const noexcept {
  std::uint64_t sum = 0;
  for (const OutputLedger& output : ledger.outputs) sum += output.dropped.total();
  return sum;
}
std::string_view FlushReport::last_error() const noexcept {
  for (const OutputLedger& output : ledger.outputs) {
    if (!output.last_error.empty()) return output.last_error;
  }
  return {};
}

Telemetry::Telemetry() noexcept = default;
Telemetry::Telemetry(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Telemetry::Telemetry(Telemetry&&) noexcept = default;

Telemetry& Telemetry::operator=(Telemetry&& other) noexcept {
  if (this != &other) {
    Telemetry old(std::move(impl_));
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Telemetry::~Telemetry() {
  if (impl_ == nullptr) return;
  const CancellationHeldBack held;
  const milliseconds deadline = impl_->shutdown_deadline();
  const SteadyTime until = system_clock().steady() + deadline;
  shutdown(deadline);
  // What the shutdown has left of its time is the threads': on a busy machine they need it.
  const auto left = std::chrono::duration_cast<milliseconds>(until - system_clock().steady());
  impl_->tear_down(std::max(left, grace));
}

Result<Telemetry> Telemetry::create(Settings settings) noexcept {
  const CancellationHeldBack held;
  std::shared_ptr<Impl> impl;
  const auto give_up = [&impl] {
    if (impl != nullptr) impl->tear_down(grace);
  };
  try {
    impl = std::make_shared<Impl>(settings.diagnostics);
    auto started = impl->start(settings);
    if (started) return Telemetry(std::move(impl));
    give_up();
    return std::move(started).error();
  } catch (const std::bad_alloc&) {
    give_up();
    return Error(ErrorCode::internal, "no memory");  // short: it needs none itself
  } catch (const std::exception& exception) {
    give_up();
    return Error(ErrorCode::internal, std::string("telemetry did not start: ") + exception.what());
  }
}

Telemetry start(Settings settings) noexcept {
  const CancellationHeldBack held;
  try {
    auto impl = std::make_shared<Telemetry::Impl>(settings.diagnostics);
    // What is wrong has been said, and the object remembers it.
    [[maybe_unused]] const Result<void> started = impl->start(settings);
    return Telemetry(std::move(impl));
  } catch (const std::exception&) {
    return Telemetry();  // no memory for so much as the reason
  }
}

bool Telemetry::is_running() const noexcept {
  return impl_ != nullptr && impl_->records();
}

std::string Telemetry::why_not() const {
  return impl_ == nullptr ? "it was not started" : impl_->why_not();
}

Propagators Telemetry::propagators() const noexcept {
  return impl_ == nullptr ? Propagators() : impl_->propagators();
}

Tracer Telemetry::tracer(std::string_view name, std::string_view version) const& noexcept {
  try {
    return impl_ == nullptr ? Tracer() : impl_->tracer(name, version);
  } catch (const std::exception&) {
    return Tracer();
  }
}

Logger Telemetry::logger(std::string_view name, std::string_view version) const& noexcept {
  try {
    return impl_ == nullptr ? Logger() : impl_->logger(name, version);
  } catch (const std::exception&) {
    return Logger();
  }
}

Meter Telemetry::meter(std::string_view name, std::string_view version) const& noexcept {
  try {
    return impl_ == nullptr ? Meter() : impl_->meter(name, version);
  } catch (const std::exception&) {
    return Meter();
  }
}

FlushReport Telemetry::flush(milliseconds deadline) noexcept {
  if (impl_ == nullptr) return {};
  const CancellationHeldBack held;
  try {
    const auto latch = std::make_shared<Latch>();
    impl_->flush(deadline, [latch](bool complete) { latch->open(complete); });
    return impl_->report(latch->wait(system_clock().steady() + deadline + grace));
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void Telemetry::flush(milliseconds deadline,
                      std::function<void(const FlushReport&)> done) noexcept {
  const CancellationHeldBack held;
  if (impl_ == nullptr) return tell_of_end(done, {}, nullptr);
  const auto listener = Listener::of(done);
  if (!listener) return tell_of_end(done, {}, impl_->callback_failures());
  try {
    impl_->flush(deadline, [weak = std::weak_ptr(impl_), listener](bool complete) {
      const auto self = weak.lock();
      self == nullptr ? listener->tell({complete, {}}, nullptr)
                      : listener->tell(self->report(complete), self->callback_failures());
    });
  } catch (const std::bad_alloc&) {
    listener->tell({}, impl_->callback_failures());
  }
}

FlushReport Telemetry::shutdown(milliseconds deadline) noexcept {
  if (impl_ == nullptr) return {};
  const CancellationHeldBack held;
  try {
    const auto latch = std::make_shared<Latch>();
    impl_->stop(deadline, [latch](bool complete) { latch->open(complete); });
    return impl_->report(latch->wait(system_clock().steady() + deadline + grace));
  } catch (const std::bad_alloc&) {
    impl_->ask_to_stop();  // which needs no memory
    return {};
  }
}

void Telemetry::shutdown(milliseconds deadline,
                         std::function<void(const FlushReport&)> done) noexcept {
  const CancellationHeldBack held;
  if (impl_ == nullptr) return tell_of_end(done, {}, nullptr);
  const auto listener = Listener::of(done);
  if (!listener) {
    impl_->ask_to_stop();
    return tell_of_end(done, {}, impl_->callback_failures());
  }
  try {
    impl_->stop(deadline, [weak = std::weak_ptr(impl_), listener](bool complete) {
      const auto self = weak.lock();
      self == nullptr ? listener->tell({complete, {}}, nullptr)
                      : listener->tell(self->report(complete), self->callback_failures());
    });
  } catch (const std::bad_alloc&) {
    impl_->ask_to_stop();
    listener->tell({}, impl_->callback_failures());
  }
}

void Telemetry::request_shutdown() noexcept {
  if (impl_ != nullptr) impl_->ask_to_stop();
}

Ledger Telemetry::ledger() const {
  return impl_ == nullptr ? Ledger{} : impl_->ledger();
}

Diagnostics Telemetry::diagnostics() const {
  return {health(), ledger()};
}

Health Telemetry::health() const {
  if (impl_ != nullptr) return impl_->health();
  Health health;
  health.state = "off: it was not started";
  return health;
}

}  // namespace posthaste

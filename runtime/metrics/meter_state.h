#pragma once

/// One meter: the instruments of one instrumentation scope, their callbacks, and the number of the
/// interval that histograms are in. Its aggregator collects it.
///
/// Threads:  any; making an instrument locks.
/// Full:     4,096 instruments; further ones measure nothing, and one warning says so.

#include "runtime/base/clock.h"
#include "runtime/base/diagnostics_sink.h"
#include "runtime/metrics/callbacks.h"
#include "runtime/metrics/instrument.h"
#include "runtime/metrics/meter_source.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace posthaste::metrics {

struct MeterOptions {
  std::vector<MetricView> views;
  StreamDefaults defaults;
  std::vector<Reader> readers;
  bool own = false;  // the pipeline's
};

/// How far the points of a collection are written. It outlives the aggregator: the next one goes on
/// behind the last point that was put.
struct Emission {
  bool under_way = false;
  std::uint64_t collection = 0;
  std::int64_t now = 0;  // of the collection, ns since the epoch
  std::uint64_t now_ticks = 0;
  std::size_t instrument = 0;
  std::size_t stream = 0;
  Series* series = nullptr;  // null: the stream's first
  std::size_t reader = 0;
};

class MeterState {
public:
  static constexpr std::size_t most_instruments = 4096;
  enum class About : std::uint8_t { application, posthaste };

  MeterState(std::string name, std::uint16_t scope, std::shared_ptr<const MeterOptions> options,
             MetricContext& context, const Clock& clock, DiagnosticsSink& diagnostics,
             About about = About::application);

  /// The instrument, made if it is new; null when its name is not valid or there is no room, which
  /// was said. It lives as long as this meter.
  Instrument* make(InstrumentInfo info) noexcept;

  const std::string& name() const noexcept { return name_; }
  std::uint16_t scope() const noexcept { return scope_; }
  /// It tells about Posthaste itself.
  bool is_self() const noexcept { return about_ == About::posthaste; }
  MetricContext& context() const noexcept { return context_; }
  CallbackList& callbacks() noexcept { return callbacks_; }
  /// Made by MetricStore::own_meter.
  bool is_own() const noexcept { return options_->own; }

  /// Of a meter of Posthaste's own, before its aggregator is started.
  void add_source(std::unique_ptr<MeterSource> source) { sources_.push_back(std::move(source)); }

  /// Nothing more is made, and nothing said.
  void close() noexcept;

  // the aggregator's
  const std::vector<std::unique_ptr<MeterSource>>& sources() const noexcept { return sources_; }
  /// Those that there are now; further ones come behind them.
  std::size_t instrument_count() const;
  Instrument& instrument(std::size_t number) const;
  /// Measurements so far that are in overflow series; `example`: a stream that has some.
  std::uint64_t overflowed(const StreamSpec** example = nullptr) const;
  std::atomic<std::uint32_t>& interval() noexcept { return interval_; }
  /// Collections so far; outlives the aggregator.
  std::atomic<std::uint64_t>& collections() noexcept { return collections_; }
  /// Callbacks that failed so far.
  std::atomic<std::uint64_t>& callback_failures() noexcept { return callback_failures_; }
  /// The last collection whose callbacks have all returned.
  std::atomic<std::uint64_t>& observed() noexcept { return observed_; }
  /// The number of the last flush that was collected for.
  std::atomic<std::uint64_t>& served() noexcept { return served_; }
  /// When the next collection is due; SteadyTime::min(): not known yet.
  std::atomic<SteadyTime>& due() noexcept { return due_; }
  /// The collector's alone.
  Emission& emission() noexcept { return emission_; }
  /// The collection before the end is done.
  std::atomic<bool>& finished() noexcept { return finished_; }

private:
  Instrument* make_new(InstrumentInfo info);
  void warn_of_differences(const InstrumentInfo& known, const InstrumentInfo& given) noexcept;
  void warn(DiagnosticCode code, const std::string& message) noexcept;

  const std::string name_;
  const std::uint16_t scope_;
  const std::shared_ptr<const MeterOptions> options_;
  MetricContext& context_;
  const Clock& clock_;
  DiagnosticsSink& diagnostics_;
  const About about_;
  std::atomic<std::uint32_t> interval_{0};
  std::atomic<std::uint64_t> collections_{0};
  std::atomic<std::uint64_t> callback_failures_{0};
  std::atomic<std::uint64_t> observed_{0};
  std::atomic<std::uint64_t> served_{0};
  std::atomic<SteadyTime> due_{SteadyTime::min()};
  std::atomic<bool> finished_{false};
  Emission emission_;
  CallbackList callbacks_;
  std::vector<std::unique_ptr<MeterSource>> sources_;
  mutable std::mutex mutex_;
  bool closed_ = false;  // under mutex_, as the next
  std::vector<std::unique_ptr<Instrument>> instruments_;
};

}  // namespace posthaste::metrics

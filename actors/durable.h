#pragma once

/// Everything of one pipeline that outlives its actors: they are made from it, work on it, and may
/// die at any moment; the next incarnation finds here, and in the arena and the store, where the
/// last one stopped. Made by the pipeline before the first actor, gone after the last.
///
/// Threads: each member says.

#include "actors/callback_runner.h"
#include "actors/custody.h"
#include "actors/ending_board.h"
#include "actors/endpoint.h"
#include "actors/flush_board.h"
#include "actors/part.h"
#include "actors/rate_limiter.h"
#include "actors/request_counters.h"
#include "actors/self_metrics.h"
#include "actors/signal_account.h"
#include "actors/standard_metrics.h"
#include "actors/store_desk.h"
#include "runtime/arena/region.h"
#include "runtime/base/bell.h"
#include "runtime/base/callback_failures.h"
#include "runtime/base/clock.h"
#include "runtime/base/diagnostics_sink.h"
#include "runtime/base/ingress.h"
#include "runtime/base/steered_rate.h"
#include "runtime/config/final_settings.h"
#include "runtime/metrics/metric_store.h"

#include <posthaste/local_sink.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace posthaste::actors {

class OrphanArena;

/// How the pipeline ends; only ever goes forward.
enum class Mode : std::uint8_t {
  running,
  draining,  // lanes are closed; what is held is delivered
  storing,   // nothing more is sent; what is left is stored
  ended,
};

struct Durable {
  // constant
  std::shared_ptr<const config::FinalSettings> settings;
  arena::Arena arena;
  arena::Region* region = nullptr;  // the sampler's
  Bell* bell = nullptr;
  Ingress* ingress = nullptr;
  DiagnosticsSink* diagnostics = nullptr;
  SteeredRate* steered_rate = nullptr;            // may be null: nobody asks for it
  CallbackFailures* callback_failures = nullptr;  // may be null: nobody has callbacks
  const Clock* clock = nullptr;
  std::uint64_t seed = 0;
  std::vector<std::string> orphan_directories;
  Kicks* kicks = nullptr;
  std::shared_ptr<const void> ground;  // what the pointers above lie in, while the pipeline starts

  // may be null: nobody measures
  std::shared_ptr<metrics::MetricStore> metrics;
  std::unique_ptr<CallbackRunner> callbacks;    // where `metrics` is
  std::unique_ptr<StandardMetrics> standard;    // the sampler's; null: switched off
  RequestCounters* request_counters = nullptr;  // the sampler's, kept by `metrics`; may be null

  // one per output
  std::vector<std::unique_ptr<Custody>> outputs;
  std::vector<std::unique_ptr<Endpoint>> endpoints;  // null for local outputs
  std::vector<std::shared_ptr<LocalSink>> sinks;     // null for remote outputs

  // the sampler's alone, kept over its deaths; empty: the rate is not steered
  std::optional<RateLimiter> rate_limiter;

  // the sampler's, read by self-metrics: what it put into the log
  SignalRow collected;

  // the storekeeper's alone: dead processes' arenas that are being taken over, one after the other.
  // They outlive each storekeeper, as their files would go with them.
  std::deque<std::shared_ptr<OrphanArena>> orphans;

  // any thread
  StoreDesk desk;
  FlushBoard flushes;
  EndingBoard endings;
  std::atomic<Mode> mode{Mode::running};
  std::atomic<bool> unsupervised{false};  // the supervisor died too often: nobody answers flushes
  std::atomic<bool> abandoned{false};     // at the end: what is left in the arena dies with it
  std::atomic<bool> arena_exhausted{false};  // the region gives no further segments; sampler's
  std::atomic<bool> last_fold{false};        // what the lanes hold is to be measured
  std::atomic<bool> last_fold_done{false};
  std::atomic<bool> last_collection{false};  // aggregators collect once more, and finish
  std::atomic<Ticket> last_ticket{0};
  std::atomic<std::uint32_t> restarts{0};

  std::unique_ptr<SelfMetrics> self_metrics;  // null: they are off; goes first

  /// Whether the sampler measures the records that it drains.
  bool measures_records() const noexcept {
    return standard != nullptr || request_counters != nullptr;
  }
  /// Whether the log should be encoded early because segments get scarce.
  bool under_pressure() const noexcept {
    const std::uint32_t margin = arena.geometry().segments / 16;
    return arena_exhausted.load(std::memory_order_relaxed) &&
           arena.free_segments() < arena.floor(arena::Claim::ordinary) + margin;
  }
  /// Whether every meter was collected for that flush; any of them that is new meanwhile, too.
  bool collected_for(std::uint64_t flush) const {
    const std::size_t meters = metrics == nullptr ? 0 : metrics->meter_count();
    for (std::size_t i = 0; i < meters; ++i) {
      metrics::MeterState& meter = metrics->meter_at(i);
      if (meter.served().load(std::memory_order_acquire) < flush &&
          !meter.finished().load(std::memory_order_acquire)) {
        return false;
      }
    }
    return true;
  }
  /// Whether every meter's last collection is done.
  bool collections_finished() const {
    const std::size_t meters = metrics == nullptr ? 0 : metrics->meter_count();
    for (std::size_t i = 0; i < meters; ++i) {
      if (!metrics->meter_at(i).finished().load(std::memory_order_acquire)) return false;
    }
    return true;
  }
  void kick_aggregators() const noexcept {
    const std::size_t meters = metrics == nullptr ? 0 : metrics->meter_count();
    for (std::size_t i = 0; i < meters; ++i) {
      kicks->kick(Role::aggregator, static_cast<std::uint32_t>(i));
    }
  }

  /// Bytes of the arena that one output may hold before it is relieved.
  std::uint64_t share_of_an_output() const noexcept {
    const std::uint64_t half = std::uint64_t{arena.geometry().segments} * arena::segment_size / 2;
    return half / std::max<std::size_t>(outputs.size(), 1);
  }
};

}  // namespace posthaste::actors

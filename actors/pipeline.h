#pragma once

/// The road from the lanes to the endpoints: all actors, the io thread and the store of one
/// Telemetry. api/telemetry.cpp makes the arena and one of these; application threads never see it.
///
///   lanes ─► sampler ─► log ─► batcher ─► bodies ─► transmitter ─► delivery ─► HTTPS
///                        │                              ▲  │
///                        └─► local output               │  └─► storekeeper ─► LMDB
///                                                       └──────── leases ◄──────┘
///
/// Threads:  start and the destructor from one thread; the rest from any. Callbacks run on a thread
/// of
///           this pipeline, or, where everything is over already, on the caller's.
/// Blocking: start some milliseconds; end() and the destructor at most their patience; nothing
/// else. Full:     the arena bounds everything.

#include "actors/credential.h"
#include "actors/request_counters.h"
#include "actors/restart_limit.h"
#include "actors/vm_metadata.h"
#include "runtime/arena/region.h"
#include "runtime/base/bell.h"
#include "runtime/base/callback_failures.h"
#include "runtime/base/clock.h"
#include "runtime/base/diagnostics_sink.h"
#include "runtime/base/ingress.h"
#include "runtime/base/steered_rate.h"
#include "runtime/config/final_settings.h"
#include "runtime/metrics/metric_store.h"

#include <posthaste/ledger.h>
#include <posthaste/local_sink.h>
#include <posthaste/result.h>
#include <posthaste/telemetry.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace posthaste::actors {

/// All of it outlives the pipeline, and where end() was false, everything.
struct PipelineParts {
  std::shared_ptr<const config::FinalSettings> settings;
  /// Formatted, with resource and tick scale; output ids and the store's directory are written
  /// here.
  arena::Arena arena;
  arena::Region* region = nullptr;
  Bell* bell = nullptr;
  Ingress* ingress = nullptr;
  DiagnosticsSink* diagnostics = nullptr;
  SteeredRate* steered_rate = nullptr;            // needed where the settings limit traces
  CallbackFailures* callback_failures = nullptr;  // may be null
  const Clock* clock = &system_clock();
  std::uint64_t seed = 0;
  std::vector<std::string> orphan_directories;  // where arenas of dead processes may lie
  /// By output; null for those with an endpoint, and for consoles, whose sink is made here.
  std::vector<std::shared_ptr<LocalSink>> sinks;
  /// By output; empty, or null: its requests bear no token.
  std::vector<std::shared_ptr<Credential>> credentials = {};
  RestartRule restart_rule;
  std::shared_ptr<metrics::MetricStore> metrics = {};  // may be null: nobody measures
  RequestCounters* request_counters = nullptr;         // of `metrics`; may be null
  /// Who is asked where the settings choose the detector `azure_vm`.
  std::string vm_metadata_url = azure_vm_metadata_url;
  /// What all the pointers here lie in; may be null. A start that fails and leaves an actor behind
  /// keeps it for ever; one that succeeds lets go of it.
  std::shared_ptr<const void> ground = {};
  std::function<void()> on_bell;  // may be empty; called on the io thread when the bell has rung
};

struct PipelineHealth {
  std::uint32_t restarts = 0;
  std::uint64_t arena_bytes = 0;
  std::uint64_t arena_free_bytes = 0;
  MetricHealth metrics;
  std::vector<OutputHealth> outputs;
};

/// Parts that a drill may kill.
enum class ActorName : std::uint8_t {
  supervisor,
  sampler,
  storekeeper,
  batcher,
  transmitter,
  local_output,
  aggregator,  // `output` is the meter's number
};

class Pipeline {
public:
  using FlushDone = std::function<void(bool complete)>;

  static Result<std::unique_ptr<Pipeline>> start(PipelineParts parts);
  /// end() with a patience of 200 ms.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Everything accepted before this call is delivered, stored or dropped with a reason, or the
  /// deadline passed. `done` is called exactly once.
  void flush(SteadyTime deadline, FlushDone done);

  /// Closes the ingress and the lanes, delivers for half of the time, then stores what is left.
  /// With less than a second it is stored at once. Later calls share the first one's end. What is
  /// left when the deadline passed stays in the arena: a flight recorder must then not be released,
  /// so that the next start finds it (`resident` of the ledger is not 0); of anonymous memory it
  /// counts as dropped.
  void stop(SteadyTime deadline, FlushDone done);

  /// A meter was made: it gets its aggregator.
  void watch_meters();

  /// The account; its sums close when nothing moves.
  Ledger ledger() const;
  PipelineHealth health() const;

  /// Ends all threads. False: something hangs; then what is in `parts` must stay for ever, as the
  /// threads that are left behind may touch it.
  bool end(std::chrono::milliseconds patience);

  /// For drills: the part's next step throws.
  void kill(ActorName part, std::uint32_t output = 0);

private:
  struct Works;
  explicit Pipeline(std::unique_ptr<Works> works);
  std::unique_ptr<Works> works_;
};

}  // namespace posthaste::actors

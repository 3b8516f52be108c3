#pragma once

/// Settings as the runtime gets them: complete, checked against each other, immutable. Holding one
/// proves that it is valid. Everything behind start() takes this, or the part that it needs.
///
/// Threads: an ordinary value; shared freely once made.

#include "runtime/config/directories.h"
#include "runtime/config/drop_rules.h"
#include "runtime/config/environment.h"
#include "runtime/config/final_diagnostics.h"
#include "runtime/config/final_metrics.h"
#include "runtime/config/final_output.h"
#include "runtime/config/host_facts.h"
#include "runtime/config/resource.h"
#include "runtime/config/sampling.h"
#include "runtime/config/setting_resolver.h"

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>
#include <posthaste/settings.h>
#include <posthaste/units.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace posthaste::config {

struct FinalSpanLimits {
  std::uint32_t attributes, events, links, event_attributes, link_attributes;
  std::uint32_t value_length;  // characters; SpanLimits::unlimited: any length
};

struct FinalLogSettings {
  Severity minimum_severity;
  std::uint32_t rate_limit;  // records per second and logger; 0: no limit
  std::uint32_t attributes;
  std::uint32_t value_length;  // characters; SpanLimits::unlimited: any length
  bool sampled_with_trace;
};

struct FinalStore {
  bool enabled;           // false also where no output needs it, or no directory can be written
  std::string directory;  // absolute; empty when not enabled
  Bytes cap;              // on disk, all outputs together
  std::chrono::milliseconds max_age;
};

struct FinalArena {
  static constexpr Bytes segment{64 * 1024};
  Bytes size;                                   // whole segments
  std::vector<DirectoryCandidate> directories;  // roots to try, in this order
};

struct FinalBatch {
  std::uint32_t size;  // items; <= max_waiting where that is not 0
  std::chrono::milliseconds delay;
  std::chrono::milliseconds export_timeout;  // <= store.max_age
  std::uint32_t max_waiting;                 // items; 0: bounded by the arena alone
};

class FinalSettings {
public:
  const Resource& resource() const noexcept { return values_.resource; }
  /// 1 to 8; no two with the same identity.
  const std::vector<FinalOutput>& outputs() const noexcept { return values_.outputs; }
  const FinalSampling& sampling() const noexcept { return values_.sampling; }
  Propagators propagators() const noexcept { return values_.propagators; }
  const FinalSpanLimits& span_limits() const noexcept { return values_.span_limits; }
  const FinalLogSettings& logs() const noexcept { return values_.logs; }
  const FinalMetrics& metrics() const noexcept { return values_.metrics; }
  const std::vector<SpanProcessor>& span_processors() const noexcept {
    return values_.span_processors;
  }
  const std::vector<LogProcessor>& log_processors() const noexcept {
    return values_.log_processors;
  }
  const std::vector<DropRule>& drop_rules() const noexcept { return values_.drop_rules; }
  const FinalDiagnostics& diagnostics() const noexcept { return values_.diagnostics; }
  bool exception_stacks() const noexcept { return values_.exception_stacks; }
  std::chrono::milliseconds shutdown_deadline() const noexcept { return values_.shutdown_deadline; }
  const FinalStore& store() const noexcept { return values_.store; }
  const FinalArena& arena() const noexcept { return values_.arena; }
  const FinalBatch& batch() const noexcept { return values_.batch; }
  std::uint32_t max_in_flight() const noexcept { return values_.max_in_flight; }

  /// Every setting with its value for people (secrets masked) and where that came from.
  const std::vector<ResolvedSetting>& resolved() const noexcept { return values_.resolved; }

private:
  struct Values {
    Resource resource;
    std::vector<FinalOutput> outputs;
    FinalSampling sampling;
    Propagators propagators;
    FinalSpanLimits span_limits;
    FinalLogSettings logs;
    FinalMetrics metrics;
    std::vector<SpanProcessor> span_processors;
    std::vector<LogProcessor> log_processors;
    std::vector<DropRule> drop_rules;
    FinalDiagnostics diagnostics;
    bool exception_stacks = true;
    std::chrono::milliseconds shutdown_deadline;
    FinalStore store;
    FinalArena arena;
    FinalBatch batch;
    std::uint32_t max_in_flight;
    std::vector<ResolvedSetting> resolved;
  };
  friend class Finalizer;  // final_settings.cpp
  explicit FinalSettings(Values values) : values_(std::move(values)) {}
  Values values_;
};

/// The only maker. What was wrong but could be done without goes to `warnings`, one each. Fails
/// with `invalid_setting`, `invalid_connection_string`, `no_output`, or `disabled` (which is no
/// fault). Looks at the file system only through `host`. Does not call any callback of `settings`.
Result<FinalSettings> finalize(const Settings& settings, const Environment& environment,
                               std::vector<Diagnostic>& warnings,
                               const HostFacts& host = HostFacts::of_process());

/// What counts all the same where finalize() failed.
struct SettingsWithoutStart {
  Propagators propagators;
  FinalDiagnostics diagnostics;
};

/// Code over environment over file, without a word.
SettingsWithoutStart settings_without_start(const Settings& settings,
                                            const Environment& environment,
                                            const HostFacts& host = HostFacts::of_process());

/// The diagnostic for an error of finalize().
Diagnostic diagnostic_of(const Error& error);

}  // namespace posthaste::config

#pragma once

/// What an application may choose, for start(). Every field has a default; a program that sets none
/// is configured by the environment alone. Code wins over the environment, that over
/// the settings file, and that over defaults.
///
///   posthaste::start({.service_name = "orders", .sampling = posthaste::SampleRate::percent(25)});
///
/// Unset: an empty string, an empty optional, an empty list. Everything is read once, at start. A
/// value outside its range starts nothing and is reported in one line, which names setting, value,
/// rule and mend; a wrong value in the environment is reported and ignored. docs/settings.md lists
/// all settings with their environment variables; it is made from the table that checks them.

#include <posthaste/diagnostics.h>
#include <posthaste/metric_view.h>
#include <posthaste/outputs.h>
#include <posthaste/processor.h>
#include <posthaste/propagators.h>
#include <posthaste/sample_rate.h>
#include <posthaste/severity.h>
#include <posthaste/units.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace posthaste {

struct SamplingDecision;
struct SamplingRequest;

/// Bounds of one span, as in OpenTelemetry; what goes beyond is counted in the span. Unset means
/// 128 of each, and values of any length. Zero keeps none (of a value: no character).
struct SpanLimits {
  static constexpr std::uint32_t unlimited = UINT32_MAX;  // for value_length only

  std::optional<std::uint32_t> attributes = {};        // OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT
  std::optional<std::uint32_t> events = {};            // OTEL_SPAN_EVENT_COUNT_LIMIT
  std::optional<std::uint32_t> links = {};             // OTEL_SPAN_LINK_COUNT_LIMIT
  std::optional<std::uint32_t> event_attributes = {};  // of each; OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT
  std::optional<std::uint32_t> link_attributes = {};   // of each; OTEL_LINK_ATTRIBUTE_COUNT_LIMIT
  /// In characters. OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT
  std::optional<std::uint32_t> value_length = {};
};

/// What every Logger starts with; each may narrow it for itself.
struct LogSettings {
  /// Records below it cost one comparison. Unset: trace, which is everything.
  std::optional<Severity> minimum_severity = {};
  /// Records per second and logger; more are counted as suppressed. Unset and zero: no limit.
  std::optional<std::uint32_t> rate_limit = {};
  /// Bounds of one record, as of spans. OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT,
  /// ..._VALUE_LENGTH_LIMIT
  std::optional<std::uint32_t> attributes = {};
  std::optional<std::uint32_t> value_length = {};
  /// True: a record that was written in a span that is not kept is refused as `sampled`, and one in
  /// a span that is kept stands for as many as that. Unset: false; each stands for itself.
  std::optional<bool> sampled_with_trace = {};
};

/// Which measurements may become exemplars: examples that a point carries, with their trace.
enum class ExemplarFilter : std::uint8_t { trace_based, always_on, always_off };

/// What becomes of measurements.
struct MetricSettings {
  /// Between two collections. Unset: 60 s. OTEL_METRIC_EXPORT_INTERVAL
  std::optional<std::chrono::milliseconds> interval = {};
  /// How long a collection waits for the callbacks of observable instruments, at most the interval.
  /// Unset: 30 s. OTEL_METRIC_EXPORT_TIMEOUT
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Different attribute sets of one metric; more are summed up in one. Unset: 2,000.
  std::optional<std::uint32_t> cardinality_limit = {};
  /// For all series and cells together, apart from `arena_size`. Unset: 8 MiB; 64 KiB to 1 GiB.
  std::optional<Bytes> memory = {};
  /// Unset: trace_based, measurements inside of a sampled span. OTEL_METRICS_EXEMPLAR_FILTER
  std::optional<ExemplarFilter> exemplars = {};
  std::vector<MetricView> views = {};
  /// Requests, dependencies, exceptions and traces, counted before sampling, for Application
  /// Insights; docs/metrics.md. Unset: true where an output is AzureMonitor.
  /// APPLICATION_INSIGHTS_NO_STANDARD_METRICS
  std::optional<bool> standard_metrics = {};
  /// Memory, processor time and disk transfer of process and machine, rates of requests and
  /// exceptions, as Application Insights' own performance counters; nine points an interval, to
  /// AzureMonitor outputs alone. Unset: true. POSTHASTE_PERFORMANCE_COUNTERS
  std::optional<bool> performance_counters = {};
  /// process.* and container.* of OpenTelemetry's conventions, some thirty points an interval, to all
  /// outputs. Unset: false. POSTHASTE_PROCESS_METRICS
  std::optional<bool> process_metrics = {};
  /// Whether what Posthaste counts about itself (otel.sdk.*, Statsbeat's measures) is sent to your
  /// outputs as well; Telemetry::diagnostics() has it in any case. Unset: false; some 40 points less
  /// an interval. POSTHASTE_SELF_METRICS
  std::optional<bool> self_metrics = {};
};

/// Where telemetry waits on disk while an output does not take it, across restarts too.
struct StoreSettings {
  /// False: what cannot be delivered within `batch.export_timeout` is dropped, and counted.
  std::optional<bool> enabled = {};
  /// Absolute, used as it is; made with mode 0700. Unset: posthaste/<service name> below
  /// $STATE_DIRECTORY, $XDG_STATE_HOME, ~/.local/state or /var/lib, the first that can be written.
  std::string directory = {};
  /// Bytes on disk, of all outputs together; the oldest go first. Unset: 50 MiB. At least 1 MiB for
  /// each output. Costs that much disk during an outage, no memory.
  std::optional<Bytes> cap = {};
  /// Older telemetry is dropped. Unset: 47 h, at most 48 h: the service refuses what is older.
  std::optional<std::chrono::milliseconds> max_age = {};
};

/// When a batch of one output is closed, and how long it may wait in memory.
struct BatchSettings {
  /// Items. Unset: 512. Larger ones compress better and wait longer. OTEL_BSP_MAX_EXPORT_BATCH_SIZE
  std::optional<std::uint32_t> size = {};
  /// From a batch's first item until it is closed though not full. Unset: 5 s. Zero: at the next
  /// tick, within 50 ms. OTEL_BSP_SCHEDULE_DELAY
  std::optional<std::chrono::milliseconds> delay = {};
  /// A batch's whole time in memory, retries included; then it goes to the store. Unset: 30 s.
  /// OTEL_BSP_EXPORT_TIMEOUT
  std::optional<std::chrono::milliseconds> export_timeout = {};
  /// Items that wait for one output. Unset and zero: bounded by bytes alone (`arena_size`).
  /// OTEL_BSP_MAX_QUEUE_SIZE
  std::optional<std::uint32_t> max_waiting = {};
};

/// A file of lines about Posthaste itself, beside the handler (or stderr). Written by a thread of
/// its own that lives only while there is something to write; mode 0600, no symbolic link is
/// followed. Processes may share one.
struct DiagnosticsLog {
  /// Absolute. Unset: POSTHASTE_DIAGNOSTICS_LOG_FILE, else no file.
  std::string file = {};
  /// When it would grow beyond, it becomes <file>.1, which it replaces. Unset: 5 MiB; 16 KiB to
  /// 1 GiB. POSTHASTE_DIAGNOSTICS_LOG_SIZE
  std::optional<Bytes> size = {};
};

struct Settings {
  // ---- behaviour ----

  /// A TOML file below the environment, with the names of docs/settings.md as dotted keys; a path
  /// that is relative is one from the working directory. Unset: POSTHASTE_CONFIG_FILE, else none.
  std::string file = {};

  /// Which service this is. Unset: OTEL_SERVICE_NAME, else "unknown_service:<executable>".
  std::string service_name = {};
  /// In front of the name in the cloud role: "[namespace.]name".
  std::string service_namespace = {};
  std::string service_version = {};
  /// Tells instances apart: the cloud role instance. Unset: the host's name.
  std::string service_instance_id = {};
  /// About the process as a whole; sent once per batch at most. The named fields above win over the
  /// same keys here, and these win over OTEL_RESOURCE_ATTRIBUTES.
  std::vector<std::pair<std::string, std::string>> resource_attributes = {};
  /// Who finds out where the process runs: process, host, os, container, k8s, azure_app_service,
  /// azure_functions, azure_container_apps, all, none; and azure_vm, which is not among all, as it
  /// sends a request (to 169.254.169.254, after start; nothing waits for it). What they find is the
  /// least of all. Unset: all. OTEL_RESOURCE_DETECTORS
  std::optional<std::vector<std::string>> resource_detectors = {};

  /// Short for one AzureMonitor among `outputs`. APPLICATIONINSIGHTS_CONNECTION_STRING
  std::string connection_string = {};
  /// Where telemetry goes, at most 8 (an Otlp counts for each of its signals), each at its own pace;
  /// OTEL_TRACES_EXPORTER, ..._METRICS_..., ..._LOGS_... filter what it gets. Unset: the connection
  /// string, and an Otlp where the environment names an endpoint of one.
  std::vector<Output> outputs = {};

  /// The sampler, one of these three; <posthaste/sampler.h>, docs/sampling.md. Unset: everything is
  /// kept. OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG
  std::optional<SampleRate> sampling = {};
  /// Kept on average, 0 to 1,000,000; the rate follows how many begin.
  std::optional<double> traces_per_second = {};
  std::function<SamplingDecision(const SamplingRequest&)> sampler = {};
  /// Who decides for a span with a parent. Unset: follow. OTEL_TRACES_SAMPLER
  std::optional<ParentRule> sampling_parents = {};
  /// Unset: application_insights. OTEL_TRACES_SAMPLER
  std::optional<SamplingHash> sampling_hash = {};

  /// Which headers carry a Context, for Telemetry::propagators(). Unset: trace_context and baggage.
  /// OTEL_PROPAGATORS
  std::optional<Propagators> propagators = {};

  SpanLimits span_limits = {};
  LogSettings logs = {};
  /// True: spans, logs and metrics say which library they come from, in the properties
  /// otel.scope.name and otel.scope.version. Unset: false; two properties less an item.
  std::optional<bool> include_scope = {};
  MetricSettings metrics = {};

  /// What is done to each record that is kept so far, in this order; <posthaste/processor.h>.
  std::vector<SpanProcessor> span_processors = {};
  std::vector<LogProcessor> log_processors = {};
  /// Rules of what is left out, such as "GET /healthz" or "url.path=/live*"; docs/sampling.md has
  /// their form. At most 64. Counted as refused: filtered. POSTHASTE_DROP
  std::vector<std::string> drop = {};
  DiagnosticsHandler diagnostics = {};
  /// Diagnostics below it are not shown, nor handed to `diagnostics`. Unset: info. OTEL_LOG_LEVEL
  std::optional<Severity> diagnostics_level = {};
  DiagnosticsLog diagnostics_log = {};
  /// Whether record_exception notes the calls that lead to it. Unset: true.
  std::optional<bool> exception_stacks = {};

  /// True: every call does nothing. OTEL_SDK_DISABLED
  std::optional<bool> disabled = {};
  /// How long the destructor of Telemetry waits for delivery before it stores what is left.
  /// Unset: 5 s. Zero: stores at once. At most 10 min.
  std::optional<std::chrono::milliseconds> shutdown_deadline = {};

  StoreSettings store = {};

  /// The flight recorder's directory, on a memory file system, absolute. Unset: $RUNTIME_DIRECTORY,
  /// $XDG_RUNTIME_DIR, /dev/shm, the first that fits; none: what was not sent dies with SIGKILL.
  std::string arena_dir = {};

  // ---- performance ----

  /// The memory budget of the runtime: all that waits in memory lies here. Unset: 32 MiB; 2 MiB to
  /// 4 GiB, rounded down to whole 64 KiB. Shared memory, taken as it is first needed.
  std::optional<Bytes> arena_size = {};
  BatchSettings batch = {};
  /// Batches on their way to one output at a time, 1 to 64. Unset: 8. Raise it where answers are
  /// slow.
  std::optional<std::uint32_t> max_in_flight = {};
};

}  // namespace posthaste

#pragma once

/// Where telemetry goes: the outputs of Settings::outputs, each with its own pace, queue and ledger.
///
///   settings.outputs = {posthaste::AzureMonitor{}, posthaste::Otlp{.endpoint = "http://localhost:4318"}};
///
/// Plain values, read once at start. Unset: an empty string, an empty optional. What is wrong is
/// said as for all settings (<posthaste/settings.h>). No secret in them is shown or stored.

#include <posthaste/metric_view.h>
#include <posthaste/units.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace posthaste {

class LocalSink;

/// What becomes of the rest of a day when an output's daily budget is used up. What is left out is
/// counted as dropped: over_budget.
enum class OverBudget : std::uint8_t {
  sample,  // half of all traces are kept; with each further tenth of the budget, half of that;
           // nothing beyond twice the budget. Metrics are all kept until then.
  refuse,  // nothing is kept
};

/// An Application Insights resource.
struct AzureMonitor {
  /// As the portal shows it. Unset: APPLICATIONINSIGHTS_CONNECTION_STRING.
  std::string connection_string = {};
  /// A PEM file of authorities to trust beside the system's. Unset: the system's alone.
  std::string ca_file = {};
  /// "http://[user:password@]host[:port]"; "none" for no proxy. Unset: HTTPS_PROXY and NO_PROXY.
  std::string proxy = {};
  /// Bytes of telemetry, uncompressed, in a day of UTC; Azure bills by volume. Zero: none. Unset:
  /// POSTHASTE_DAILY_BUDGET, else none.
  std::optional<Bytes> daily_budget = {};
  /// Unset: POSTHASTE_OVER_BUDGET, else sample.
  std::optional<OverBudget> over_budget = {};
};

enum class OtlpProtocol : std::uint8_t { http_protobuf, http_json };
enum class OtlpCompression : std::uint8_t { none, gzip };

/// An OTLP/HTTP endpoint: an OpenTelemetry Collector, or whoever speaks its protocol. Each signal is
/// an output of its own, with its own queue: "otlp.traces", "otlp.metrics", "otlp.logs". docs/otlp.md
/// says more. Of the variables each has a form for one signal too, such as
/// OTEL_EXPORTER_OTLP_TRACES_HEADERS, which wins over the general one; what is set here wins over both.
struct Otlp {
  /// The base: v1/traces, v1/metrics and v1/logs are appended to its path. Unset:
  /// OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318.
  std::string endpoint = {};
  /// Of one signal, used as it is.
  std::string traces_endpoint = {};
  std::string metrics_endpoint = {};
  std::string logs_endpoint = {};
  /// Which signals go there.
  bool send_traces = true;
  bool send_metrics = true;
  bool send_logs = true;
  /// Sent with each request, such as an API key; shown nowhere. Unset: OTEL_EXPORTER_OTLP_HEADERS.
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Unset: OTEL_EXPORTER_OTLP_PROTOCOL, else http_protobuf.
  std::optional<OtlpProtocol> protocol = {};
  /// Unset: OTEL_EXPORTER_OTLP_COMPRESSION, else none.
  std::optional<OtlpCompression> compression = {};
  /// Of one request, 1 ms to 2 min. Unset: OTEL_EXPORTER_OTLP_TIMEOUT, else 10 s.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// PEM files: authorities to trust beside the system's, and what the endpoint is shown when it
  /// asks who this is. Unset: OTEL_EXPORTER_OTLP_CERTIFICATE, ..._CLIENT_CERTIFICATE, ..._CLIENT_KEY.
  std::string ca_file = {};
  std::string client_certificate_file = {};
  std::string client_key_file = {};
  /// "http://[user:password@]host[:port]"; "none" for no proxy. Unset: HTTPS_PROXY and NO_PROXY.
  std::string proxy = {};
  /// Unset: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, else cumulative.
  std::optional<TemporalityPreference> temporality = {};
  /// Of histograms that no view decides. Unset:
  /// OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION, else by boundaries.
  std::optional<bool> exponential_histograms = {};
};

/// One line per item, for development.
struct Console {
  enum class Stream : std::uint8_t { standard_output, standard_error };
  Stream stream = Stream::standard_error;
};

/// Items stay in this process; <posthaste/testing.h> makes the sink.
struct LocalOutput {
  std::shared_ptr<LocalSink> sink = {};
  MetricPreferences metrics = {};
};

using Output = std::variant<AzureMonitor, Otlp, Console, LocalOutput>;

}  // namespace posthaste

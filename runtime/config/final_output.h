#pragma once

/// An output as the pipeline gets it: complete and checked. Made by finalize() alone.

#include "runtime/base/otlp_signal.h"
#include "runtime/base/secret.h"
#include "runtime/config/environment.h"
#include "runtime/config/setting_resolver.h"

#include <posthaste/result.h>
#include <posthaste/settings.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace posthaste::config {

enum class OutputKind : std::uint8_t { azure_monitor, otlp, console, local };

/// One signal's way to an OTLP/HTTP endpoint.
struct OtlpDestination {
  OtlpSignal signal = OtlpSignal::traces;
  std::string url;  // whole: "http://localhost:4318/v1/traces"
  OtlpProtocol protocol = OtlpProtocol::http_protobuf;
  bool gzip = false;
  std::vector<std::pair<std::string, Secret>> headers;
  std::chrono::milliseconds timeout{10'000};  // of one request
  std::string client_certificate_file;        // empty: none
  std::string client_key_file;
  std::string user_agent;
  SamplingHash sampling_hash = SamplingHash::application_insights;  // what spans say of it
};

struct FinalOutput {
  static constexpr std::size_t max_outputs = 8;

  OutputKind kind = OutputKind::azure_monitor;
  std::string name;            // unique: "azure_monitor", "azure_monitor-2", "console", ...
  std::uint64_t identity = 0;  // finds its queue in store and arena again, in any later process
  std::array<bool, 3> signals{true, true, true};  // by OtlpSignal; of otlp its own alone
  // of azure_monitor; ca_file and the proxy of otlp too
  std::string track_url;       // "https://.../v2.1/track"
  Secret instrumentation_key;  // as given
  std::string application_id;  // empty when it is not given
  bool include_scope = false;  // of azure_monitor and console
  MetricPreferences metrics;   // Application Insights takes delta alone
  std::string ca_file;         // empty: the system's authorities alone
  OtlpDestination otlp;        // of otlp
  Secret https_proxy;          // as given, not looked into; empty: none
  std::string no_proxy;        // as given
  Bytes daily_budget{};        // 0: none
  OverBudget over_budget = OverBudget::sample;
  // of console
  Console::Stream stream = Console::Stream::standard_error;
  // of local; never null there
  std::shared_ptr<LocalSink> sink;

  /// It has an endpoint, hence batcher, transmitter and queue.
  bool is_remote() const noexcept {
    return kind == OutputKind::azure_monitor || kind == OutputKind::otlp;
  }
  bool takes(OtlpSignal signal) const noexcept {
    if (kind == OutputKind::otlp) return otlp.signal == signal;
    return signals[static_cast<std::size_t>(signal)];
  }
};

/// The outputs of code; else those that environment and file name. Fails with `no_output`,
/// `disabled` (no signal is let through), `invalid_connection_string` or `invalid_setting`.
Result<std::vector<FinalOutput>> make_outputs(const Settings& settings,
                                              const Environment& environment,
                                              SettingResolver& resolver);

/// Stable for ever: it names queues on disk. The key's case does not count.
std::uint64_t output_identity(std::string_view track_url, std::string_view instrumentation_key);

}  // namespace posthaste::config

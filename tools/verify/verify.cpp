#include "tools/verify/verify.h"

#include "runtime/config/environment.h"
#include "runtime/config/final_settings.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;

constexpr auto poll_interval = 20ms;
constexpr std::uint64_t least_records = 4;  // two spans, a log and a point

/// A directory of our own for the flight recorder: the usual one may hold what other processes left.
class PrivateDirectory {
public:
  PrivateDirectory() : path_((std::filesystem::temp_directory_path() / "posthaste-verify-XXXXXX")) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  }
  ~PrivateDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

/// Nothing but what is recorded here, all of it, and nothing on the disk.
void restrict(Settings& settings, const std::string& directory) {
  settings.store.enabled = false;
  settings.arena_dir = directory;
  settings.sampling = SampleRate::always();
  settings.logs.minimum_severity = Severity::trace;
  settings.metrics.standard_metrics = false;
  settings.metrics.performance_counters = false;
  settings.metrics.process_metrics = false;
  settings.metrics.self_metrics = false;
}

void record(const Telemetry& telemetry) {
  const Tracer tracer = telemetry.tracer("posthaste.verify");
  Span request = tracer.start_span("GET /posthaste-verify",
                                   {.kind = SpanKind::server,
                                    .attributes = {{"http.request.method", "GET"},
                                                   {"url.path", "/posthaste-verify"},
                                                   {"http.response.status_code", 200}}});
  const Scope scope(request);
  {
    Span dependency = tracer.start_span(
        "posthaste verify",
        {.kind = SpanKind::client, .attributes = {{"server.address", "localhost"}}});
    dependency.record_exception(std::runtime_error("posthaste verify: only a trial"));
  }
  telemetry.logger("posthaste.verify").info("posthaste verify: this log arrived");
  telemetry.meter("posthaste.verify").counter("posthaste.verify").add(1);
}

std::string_view mend_of(std::string_view why) noexcept {
  if (why == "name_not_resolved") {
    return "see that the host is spelled right, and that this machine resolves it: getent hosts "
           "HOST";
  }
  if (why == "connect_failed") {
    return "see that something listens there and that no firewall is between; a proxy is named by "
           "HTTPS_PROXY";
  }
  if (why == "tls_failed") {
    return "see that the port speaks TLS 1.2 or later, and whether the server asks for a client "
           "certificate";
  }
  if (why == "certificate_rejected") {
    return "name the authority of its certificate: OTEL_EXPORTER_OTLP_CERTIFICATE, "
           "AzureMonitor::ca_file, or the system's own (SSL_CERT_FILE)";
  }
  if (why == "proxy_failed")
    return "see what HTTPS_PROXY names, and whether it lets this host pass";
  if (why == "redirect_refused") return "give the address that it redirects to as the endpoint";
  if (why == "invalid_setting") return "mend the setting that the text names";
  if (why == "bad_response" || why == "response_too_large") {
    return "see whether the port is that of an HTTP server for telemetry";
  }
  return "see whether the endpoint is slow or restarting, and try again";
}

std::string_view mend_of(int status, bool otlp) noexcept {
  switch (status) {
    case 400:
      return otlp ? "see that the endpoint is an OTLP/HTTP one (port 4318), not gRPC (4317)"
                  : "copy the connection string again from the resource's Overview page";
    case 401:
    case 403:
      return otlp ? "see the credentials in OTEL_EXPORTER_OTLP_HEADERS"
                  : "see whether the resource allows ingestion with its key alone (local "
                    "authentication), and from this network";
    case 404:
    case 405:
      return otlp ? "see the path: OTEL_EXPORTER_OTLP_ENDPOINT gets v1/<signal> appended, the one "
                    "of a single signal does not"
                  : "see the IngestionEndpoint of the connection string";
    case 402:
    case 429:
    case 439: return "it takes no more for now: see the resource's quota or limits";
    case 413: return "it takes no request of this size: see its limit";
    case 415: return "try the other protocol: OTEL_EXPORTER_OTLP_PROTOCOL";
    default: break;
  }
  return status >= 500 ? "see the server's own log; it may be back soon" : "";
}

/// The endpoint's own words, where it had some: its status is told beside them.
std::string own_words(const std::string& error, int status) {
  const std::string prefix = "the service answered with status " + std::to_string(status);
  if (status == 0 || !error.starts_with(prefix)) return error;
  return error.substr(std::min(error.size(), prefix.size() + 2));  // behind ": "
}

int first_status(const std::vector<StatusCount>& counts) noexcept {
  return counts.empty() ? 0 : counts.front().status;
}

bool is_decided(const VerifiedOutput& output) noexcept {
  return output.answered != Answered::undecided && output.answered != Answered::nothing;
}

VerifyReport look(const Telemetry& telemetry) {
  const Diagnostics now = telemetry.diagnostics();
  VerifyReport report;
  for (std::size_t i = 0; i < now.ledger.outputs.size(); ++i) {
    report.outputs.push_back(
        judge_output(now.ledger.accepted, now.ledger.outputs[i], now.health.outputs[i].requests));
  }
  return report;
}

/// Until all is flushed, or nothing is left to learn: what failed once is not waited for.
VerifyReport wait_for_answers(Telemetry& telemetry, std::chrono::milliseconds deadline) {
  const auto flushed = std::make_shared<std::atomic<bool>>(false);
  telemetry.flush(deadline, [flushed](const FlushReport&) { *flushed = true; });
  std::uint64_t accepted_before = 0;
  for (;;) {
    const bool last = *flushed;
    const std::uint64_t accepted = telemetry.ledger().accepted;
    VerifyReport report = look(telemetry);
    // A collection writes points one after the other: only when their number stays are they all.
    const bool all_there = accepted >= least_records && accepted == accepted_before;
    if (last || (all_there && std::ranges::all_of(report.outputs, is_decided))) return report;
    accepted_before = accepted;
    std::this_thread::sleep_for(poll_interval);
  }
}

std::map<std::string, std::string> urls_of(const Settings& settings) {
  std::map<std::string, std::string> urls;
  std::vector<Diagnostic> heard_elsewhere;
  const auto final = config::finalize(settings, config::Environment::of_process(), heard_elsewhere);
  if (!final) return urls;
  for (const config::FinalOutput& output : final->outputs()) {
    const bool otlp = output.kind == config::OutputKind::otlp;
    urls[output.name] = otlp ? output.otlp.url : output.track_url;
  }
  return urls;
}

}  // namespace

VerifiedOutput judge_output(std::uint64_t accepted, const OutputLedger& ledger,
                            const RequestStatistics& requests) {
  VerifiedOutput output;
  output.name = ledger.name;
  output.meant = accepted - std::min(accepted, ledger.for_others);
  output.delivered = ledger.delivered;
  const std::uint64_t dropped = ledger.dropped.total();
  const bool settled = ledger.delivered + dropped == output.meant;
  if (output.meant == 0) {
    output.answered = Answered::nothing;
    return output;
  }
  if (settled && dropped == 0) {
    output.answered = Answered::accepted;
    return output;
  }
  // What is to be sent again later than a batch may wait is dropped too: it has no store here.
  const bool refused =
      ledger.dropped[DropReason::rejected] + ledger.dropped[DropReason::too_large] > 0;
  const int failed = first_status(requests.failed);
  const int busy = first_status(requests.throttled);
  const int again = busy != 0 ? busy : first_status(requests.retried);
  if (refused || failed != 0) {
    output.answered = ledger.delivered > 0 ? Answered::in_part : Answered::refused;
    output.status = failed;
  } else if (again != 0) {
    output.answered = Answered::later;
    output.status = again;
  } else if (!requests.exceptions.empty()) {
    output.answered = Answered::unreachable;
    output.why = requests.exceptions.front().kind;
  }
  const bool no_answer =
      output.answered == Answered::unreachable || output.answered == Answered::undecided;
  output.mend =
      no_answer ? mend_of(output.why) : mend_of(output.status, ledger.name.starts_with("otlp"));
  output.text = own_words(ledger.last_error, output.status);
  return output;
}

Result<VerifyReport> verify(Settings settings, std::chrono::milliseconds deadline) {
  const PrivateDirectory directory;
  restrict(settings, directory.path());
  std::mutex mutex;
  std::vector<Diagnostic> said;
  settings.diagnostics = [&](const Diagnostic& diagnostic) {
    const std::lock_guard lock(mutex);
    said.push_back(diagnostic);
  };
  const auto urls = urls_of(settings);
  auto telemetry = Telemetry::create(std::move(settings));
  if (!telemetry) return std::move(telemetry).error();
  record(*telemetry);
  VerifyReport report = wait_for_answers(*telemetry, deadline);
  telemetry->shutdown(0ms);
  for (VerifiedOutput& output : report.outputs) {
    const auto url = urls.find(output.name);
    if (url != urls.end()) output.url = url->second;
  }
  const std::lock_guard lock(mutex);
  for (Diagnostic& diagnostic : said) {
    const bool of_settings = diagnostic.code < DiagnosticCode::flight_recorder;
    if (of_settings && diagnostic.severity >= Severity::warn) {
      report.warnings.push_back(std::move(diagnostic));
    }
  }
  return report;
}

}  // namespace posthaste::tools

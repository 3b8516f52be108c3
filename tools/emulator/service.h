#pragma once

/// Which request goes where: the ingestion paths to Intake and OtlpIntake, /control/ to the emulator's own desk.
/// Also the guard against web pages: Host must be a name of this machine, and no page's Origin may
/// change anything.
///
///   POST   /v2.1/track, /v2/track; /v1/traces, /v1/metrics, /v1/logs of OTLP
///   GET    /control/summary, /control/operations, /control/fault
///   PUT    /control/fault   replaces the faults      POST adds some      DELETE ends them
///   POST   /control/flush   records are in their files when it answers
///   POST   /control/reset   forgets counts and ids
///
/// Threads: one. Pure but for Intake's records; the session (session.h) is its only caller.

#include "tools/emulator/fault_plan.h"
#include "tools/emulator/intake.h"
#include "tools/emulator/otlp_intake.h"

#include "runtime/base/clock.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::tools {

struct RequestHead {
  std::string method;
  std::string path;  // without the query
  std::string host;
  std::string origin;
  std::string encoding;
  std::string content_type;

  /// What it brings; none: it brings no telemetry.
  std::optional<IntakeKind> ingests() const noexcept {
    if (path == "/v2.1/track" || path == "/v2/track") return IntakeKind::track;
    if (otlp_signal_of(path)) return IntakeKind::otlp;
    return std::nullopt;
  }
};

class Service {
public:
  struct Settings {
    Intake::Settings intake;
    std::vector<std::string> hosts;  // allowed beside localhost, 127.0.0.1 and [::1]
    bool refuse_needs_end = true;    // no control port would be left to end it
    bool own_otlp_port = false;
  };

  Service(Settings settings, const Clock& clock)
      : settings_(std::move(settings)),
        clock_(clock),
        intake_(settings_.intake),
        otlp_(settings_.intake, intake_.recorder()) {}

  Intake& intake() noexcept { return intake_; }
  OtlpIntake& otlp() noexcept { return otlp_; }
  /// What GET /control/summary says: the intake's, and OTLP's as its member `otlp`.
  std::string summary() const;
  FaultPlan& faults() noexcept { return faults_; }
  const Clock& clock() const noexcept { return clock_; }

  /// Called whenever the faults were changed.
  void on_faults_changed(std::function<void()> call) { faults_changed_ = std::move(call); }

  /// Adds to the faults, or replaces them; all of them or none.
  Result<void> set_faults(std::vector<Fault> faults, bool replace);

  Reply answer(const RequestHead& head, std::string_view body, const FaultEffect& effect);
  /// What went out as the answer to a request that brought telemetry; 0: nothing did.
  void answered(IntakeKind kind, unsigned status);

private:
  Result<void> check(const Fault& fault) const;
  bool is_own_host(std::string_view host) const;
  Reply control(const RequestHead& head, std::string_view body);
  Reply control_faults(const RequestHead& head, std::string_view body);

  Settings settings_;
  const Clock& clock_;
  Intake intake_;
  OtlpIntake otlp_;
  FaultPlan faults_;
  std::function<void()> faults_changed_ = [] {};
};

}  // namespace posthaste::tools

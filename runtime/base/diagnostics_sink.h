#pragma once

/// Where every inner part says what a person should know; one per Telemetry. It turns what was said
/// into one clean line, holds back repetitions, and calls the application's handler.
///
/// Threads:  report() from any thread but one that is recording telemetry: it locks and allocates.
///           The handler runs on the thread that reported, or on one that is reporting just then.
/// Blocking: never waits for a handler: what is reported meanwhile is queued, for the thread that
/// is
///           in the handler to pass on.
/// Full:     beyond 64 queued, a diagnostic is counted as suppressed.
/// File:     where there is a log file (diagnostics_file.h), what is shown goes there as well.

#include "runtime/base/clock.h"
#include "runtime/base/diagnostics_file.h"

#include <posthaste/diagnostics.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace posthaste {

class DiagnosticsSink {
public:
  static constexpr std::chrono::seconds quiet_time{30};
  static constexpr std::size_t max_queued = 64;
  static constexpr std::size_t max_message_bytes = 1024;

  /// An empty handler means print_diagnostic. `clock` must outlive the sink.
  DiagnosticsSink(DiagnosticsHandler handler, const Clock& clock);

  /// From now on all that is shown is written there too. At most once.
  void write_to(std::shared_ptr<DiagnosticsFile> file) noexcept;

  /// From now on less serious ones are not shown. Until then: all.
  void show_from(Severity least) noexcept;

  /// `message` needs no care: control characters and broken UTF-8 are escaped, length is bounded.
  /// It must hold no secret.
  void report(Severity severity, DiagnosticCode code, std::string_view message) noexcept;
  void report(const Diagnostic& diagnostic) noexcept {
    report(diagnostic.severity, diagnostic.code, diagnostic.message);
  }

  /// No handler call begins after this; waits at most `patience` for one under way on another
  /// thread, and is false when that one is still running. As long again for the file.
  bool close(std::chrono::milliseconds patience) noexcept;

  /// Exceptions that the handler threw.
  std::uint64_t handler_failures() const noexcept;
  /// Diagnostics that were never shown in a line of their own.
  std::uint64_t suppressed() const noexcept;

private:
  struct CodeState {
    std::optional<SteadyTime> shown_at = {};
    std::uint64_t suppressed = 0;  // since then
  };

  void enqueue(Severity severity, DiagnosticCode code, std::string_view message);
  void suppress(CodeState& state) noexcept;
  void drain(std::unique_lock<std::mutex>& lock) noexcept;

  const DiagnosticsHandler handler_;
  std::shared_ptr<DiagnosticsFile> file_;  // guarded by mutex_; may be null
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable handler_returned_;
  std::vector<CodeState> codes_;   // by index_of
  std::deque<Diagnostic> queued_;  // size() <= max_queued
  std::optional<std::thread::id> in_handler_;
  std::uint64_t handler_failures_ = 0;
  std::uint64_t suppressed_ = 0;
  Severity least_ = Severity::trace;
  bool closed_ = false;
};

/// "warn PH-SET-101: ... (2 suppressed)".
std::string text_of(const Diagnostic& diagnostic);

/// One line on stderr: "posthaste: warn PH-SET-101: ... (2 suppressed)". Never
/// blocks and raises no SIGPIPE: a stderr that does not take the line just then does not get it.
void print_diagnostic(const Diagnostic& diagnostic) noexcept;

}  // namespace posthaste

#pragma once

/// Whether telemetry that is recorded here and now arrives: `posthaste verify`. Records a request, a
/// dependency, a log, an exception and a metric through the public API, with the outputs of the
/// environment and the settings file, and tells what each endpoint made of them.
///
///   verify ──► Telemetry ──► the endpoints;   Telemetry::diagnostics() ──► judge_output ──► report
///
/// It keeps away from the application's own store and flight recorder: nothing is left behind, and
/// nothing of an earlier process is sent.
///
/// Threads:  the caller's, and those of a Telemetry.
/// Blocking: until each endpoint has answered, failed, or `deadline` has passed.

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>
#include <posthaste/settings.h>
#include <posthaste/telemetry.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace posthaste::tools {

enum class Answered : std::uint8_t {
  accepted,     // all that was meant for it
  in_part,      // some items were refused
  refused,      // for good
  later,        // to be sent again: it is too busy, or has no right to it yet
  unreachable,  // no name, no connection, no TLS, no answer
  nothing,      // no record was meant for it: filtered by settings
  undecided,    // the deadline passed first
};
std::string_view to_string(Answered answered) noexcept;

struct VerifiedOutput {
  std::string name;  // as in the ledger
  std::string url;   // empty: it has none
  Answered answered = Answered::undecided;
  std::string why;          // "certificate_rejected"; of `unreachable`
  int status = 0;           // of the answer; 0: none, or accepted
  std::string text;         // what the endpoint or the system said
  std::string mend;         // what to do; empty: nothing
  std::uint64_t meant = 0;  // records
  std::uint64_t delivered = 0;
};

struct VerifyReport {
  std::vector<VerifiedOutput> outputs;
  std::vector<Diagnostic> warnings;  // of settings
  bool all_accepted() const noexcept;
  bool any_unreachable() const noexcept;
  std::string to_text() const;
  std::string to_json() const;
};

/// What became of what was recorded, as far as the account of one output tells. Pure.
VerifiedOutput judge_output(std::uint64_t accepted, const OutputLedger& ledger,
                            const RequestStatistics& requests);

/// Fails where nothing can be started. `settings` are those of the code, below them the usual ones.
Result<VerifyReport> verify(Settings settings, std::chrono::milliseconds deadline);

}  // namespace posthaste::tools

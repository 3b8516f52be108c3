#pragma once

/// An OTLP/HTTP endpoint without its network: one export request in, one answer out, in the format
/// of the request; what was accepted counted and recorded. Beside Intake, which does it for
/// Application Insights.
///
///   session ──body──► OtlpIntake ──► GzipExpander ──► readers of tools/otlp ──► OtlpItems
///                                                     OtlpTally, OtlpMetrics, Recorder ◄─┘
///
/// A request is taken as a whole or not at all; a fault may reject some of its items, which the
/// answer tells as a partial success.
///
/// Threads: one. Memory: bounded as Intake's, and by `most_ids`.

#include "tools/emulator/fault.h"
#include "tools/emulator/gzip_expander.h"
#include "tools/emulator/id_set.h"
#include "tools/emulator/intake.h"
#include "tools/emulator/otlp_items.h"
#include "tools/emulator/otlp_metrics.h"
#include "tools/emulator/otlp_reply.h"
#include "tools/emulator/recorder.h"

#include "runtime/base/clock.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::tools {

/// The signal of an OTLP path such as /v1/traces; empty for other paths.
std::optional<otlp::Signal> otlp_signal_of(std::string_view path) noexcept;

struct OtlpTally {
  std::uint64_t received = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t distinct = 0;    // of the accepted: seen for the first time
  std::uint64_t duplicates = 0;  // of the accepted: seen before
};

class OtlpIntake {
public:
  /// `recorder` outlives it.
  OtlpIntake(const Intake::Settings& settings, Recorder& recorder)
      : settings_(settings), recorder_(recorder), ids_(settings.most_ids) {}

  struct Request {
    otlp::Signal signal{};
    std::string_view content_type;
    std::string_view encoding;  // "" for none
    std::string_view body;
  };
  Reply take(const Request& request, const FaultEffect& effect, WallTime now);
  /// What was answered, or 0 where a fault let no answer out.
  void answered(unsigned status) { ++answers_[status]; }

  void reset();
  const OtlpTally& of(otlp::Signal signal) const { return tallies_[static_cast<int>(signal)]; }
  /// {"requests":n,"answers":{...},"spans":{...},"points":{...},"logs":{...},"metrics":{...}}
  std::string to_json() const;

private:
  Reply faulted(OtlpFormat format, const FaultEffect& effect);
  Reply read(const Request& request, OtlpFormat format, std::string_view body,
             const FaultEffect& effect, WallTime now);
  std::vector<bool> rejected_by(const FaultEffect& effect, std::size_t items);
  void count(otlp::Signal signal, const OtlpItems& items, const std::vector<bool>& rejected,
             WallTime now);

  Intake::Settings settings_;
  Recorder& recorder_;
  GzipExpander expander_{longest_body};
  IdSet ids_;
  std::array<OtlpTally, 3> tallies_{};
  OtlpMetrics metrics_;
  std::map<unsigned, std::uint64_t> answers_;  // by status; at most one entry a status
  std::uint64_t requests_ = 0;
  std::uint64_t faulted_ = 0;
  std::uint64_t wire_bytes_ = 0;
  double rejection_credit_ = 0;
};

}  // namespace posthaste::tools

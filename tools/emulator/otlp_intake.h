#pragma once

/// An OTLP/HTTP endpoint without its network: one export request in, one answer out, in the format
/// of the request; what was accepted counted. Beside Intake, which does it for Application Insights.
///
///   session ──body──► OtlpIntake ──► GzipExpander ──► readers of tools/otlp ──► OtlpTally
///
/// A request is taken as a whole or not at all; a fault may reject some of its items, which the
/// answer tells as a partial success.
///
/// Threads: one. Memory: bounded as Intake's, and by `most_ids`.

#include "tools/emulator/fault.h"
#include "tools/emulator/gzip_expander.h"
#include "tools/emulator/id_set.h"
#include "tools/emulator/reply.h"
#include "tools/otlp/telemetry.h"

#include <array>
#include <cstdint>
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
  explicit OtlpIntake(std::size_t most_ids) : ids_(most_ids), most_ids_(most_ids) {}

  struct Request {
    otlp::Signal signal{};
    std::string_view content_type;
    std::string_view encoding;  // "" for none
    std::string_view body;
  };
  Reply take(const Request& request, const FaultEffect& effect);

  void reset();
  const OtlpTally& of(otlp::Signal signal) const { return tallies_[static_cast<int>(signal)]; }
  /// {"spans":{...},"points":{...},"logs":{...},"requests":n}
  std::string to_json() const;

private:
  void count(otlp::Signal signal, const std::vector<std::uint64_t>& hashes, std::size_t rejected);
  std::size_t rejected_by(const FaultEffect& effect, std::size_t items);

  GzipExpander expander_{64UL << 20};  // what the specification lets a request have at most
  IdSet ids_;
  std::size_t most_ids_;
  std::array<OtlpTally, 3> tallies_{};
  std::uint64_t requests_ = 0;
  std::uint64_t faulted_ = 0;
  double rejection_credit_ = 0;
};

}  // namespace posthaste::tools

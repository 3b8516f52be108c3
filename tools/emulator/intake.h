#pragma once

/// The ingestion service without its network: one request body in, one answer out, and what was
/// accepted counted and recorded.
///
///   session ──body──► Intake ──► GzipExpander ──► read_batch ──► Tally, OperationTable, Recorder
///
/// Threads:  one. Blocks only to write records (see recorder.h).
/// Memory:   bounded by the body caps below and the bound of Tally's ids.

#include "tools/emulator/fault.h"
#include "tools/emulator/gzip_expander.h"
#include "tools/emulator/operation_table.h"
#include "tools/emulator/recorder.h"
#include "tools/emulator/reply.h"
#include "tools/emulator/tally.h"

#include "runtime/base/clock.h"

#include <cstdint>
#include <string_view>

namespace posthaste::tools {

inline constexpr std::size_t longest_compressed_body = 16UL << 20;
inline constexpr std::size_t longest_body = 64UL << 20;

class Intake {
public:
  struct Settings {
    std::size_t most_ids = 20'000'000;
    bool bare = false;  // counts lines, checks nothing
  };

  explicit Intake(const Settings& settings) : settings_(settings), tally_(settings.most_ids) {}

  Recorder& recorder() noexcept { return recorder_; }
  const Tally& tally() const noexcept { return tally_; }
  Tally& tally() noexcept { return tally_; }
  const OperationTable& operations() const noexcept { return operations_; }
  void reset();

  /// `encoding` is the Content-Encoding, "" for none.
  Reply take(std::string_view encoding, std::string_view body, const FaultEffect& effect,
             WallTime now);

private:
  Reply count_lines(std::string_view body, std::size_t wire_bytes);
  Reply read(std::string_view body, std::size_t wire_bytes, const FaultEffect& effect,
             WallTime now);
  void reject_some(const FaultEffect& effect);
  void commit(WallTime now);
  Reply faulted(std::size_t wire_bytes, const FaultEffect& effect);
  Reply refused(std::size_t wire_bytes, unsigned status, std::string_view message);

  Settings settings_;
  GzipExpander expander_{longest_body};
  TrackBatch batch_;
  Tally tally_;
  OperationTable operations_;
  Recorder recorder_;
  double rejection_credit_ = 0;  // of items=P%:N; spread evenly over batches
};

}  // namespace posthaste::tools

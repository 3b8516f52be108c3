#pragma once

/// Writes what the emulator accepted to files, one line an item:
///
///   items  {"t":<received, ns since 1970>,"request":<n>,"item":<the envelope as it came>}
///   ids    <type> <operation id> <id>                      "-" for what an item does not have
///
/// Of OTLP, `item` is an export request in OTLP/JSON with this item alone, and the type is
/// otlp.span, otlp.log or otlp.point.
///
/// Threads:  one. Lines are gathered and written by `flush`, which the emulator calls every
///           100 ms, on request and at its end, and by itself when 1 MiB waits.
/// Failure:  a write that fails (disk full) is counted, told once, and loses its lines.

#include "runtime/base/clock.h"
#include "tools/emulator/track_batch.h"

#include <posthaste/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace posthaste::tools {

/// An append-only text file that gathers lines.
class LineFile {
public:
  LineFile() = default;
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// Creates the file (mode 0600) or goes on at its end.
  Result<void> open(const std::string& path);
  bool is_open() const noexcept { return descriptor_ >= 0; }
  std::string& waiting() noexcept { return waiting_; }
  /// Writes what waits; false when some of it was lost.
  bool flush();

private:
  int descriptor_ = -1;
  std::string waiting_;
};

class Recorder {
public:
  /// Empty paths: nothing is written.
  Result<void> open(const std::string& items_path, const std::string& ids_path);
  void record(const TrackBatch& batch, std::uint64_t request, WallTime received);
  /// An item of which both lines are known. `item` counts only where `wants_items`.
  void record(std::string_view item, std::string_view id_line, std::uint64_t request,
              WallTime received);
  bool wants_items() const noexcept { return items_.is_open(); }
  void flush();
  std::uint64_t failed_writes() const noexcept { return failed_writes_; }

private:
  void add_item(std::string_view item, std::string_view head);
  void flush_if_much();

  LineFile items_;
  LineFile ids_;
  std::uint64_t failed_writes_ = 0;
};

}  // namespace posthaste::tools

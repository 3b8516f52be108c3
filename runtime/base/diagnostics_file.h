#pragma once

/// The diagnostics log file: what DiagnosticsSink shows is written there too, a line each with time
/// and process id. Called by the sink, on whatever thread reports.
///
/// Threads:  write() from any. A thread of its own writes, and lives only while there is something
///           to write; a disk that hangs holds up nobody else.
/// Blocking: write() never waits for the disk.
/// Full:     beyond 64 lines that wait, a line is left out; a disk that takes no more loses the
///           line. The next one that is written says how many are missing.
/// Sharing:  several processes may write to one file: each line is one append, and rotation is
///           under a lock, by inode. Lines of others may make a file a little larger than `size`.
/// Files:    <path>, and <path>.1, the one before it; each about `size` bytes at most. Created with
///           mode 0600; only a regular file of this user is written to, and no symbolic link is
///           followed.

#include "runtime/base/clock.h"

#include <posthaste/diagnostics.h>
#include <posthaste/units.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace posthaste {

class DiagnosticsFile {
public:
  static constexpr std::size_t max_queued = 64;

  /// `failing` is called with a sentence when a line could not be written, once until one could; on
  /// the writing thread, which holds no lock then. `clock` must outlive this object.
  DiagnosticsFile(std::string path, Bytes size, const Clock& clock,
                  std::function<void(std::string)> failing);

  void write(const Diagnostic& diagnostic) noexcept;

  /// No line is taken after this; waits at most `patience` for those that wait, and is false when
  /// they are not all written. The thread may outlive this object.
  bool close(std::chrono::milliseconds patience) noexcept;

private:
  struct Shared;  // with the thread
  const Clock& clock_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace posthaste

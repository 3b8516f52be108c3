#pragma once

/// A file with a line for each item that the shop has recorded, written once the call that
/// recorded it has returned, in the words of the receiver's own list:
///
///   request|dependency <trace id> <span id>      a span
///   trace|exception    <trace id> -              a log record, an exception
///
/// Threads:  any, at once. A lock and a write for each line: only for the proof.

#include <posthaste/context.h>
#include <posthaste/span_kind.h>

#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

namespace shop {

class RecordIds {
public:
  /// Begins the file anew.
  explicit RecordIds(const std::string& path) : file_(path, std::ios::trunc) {}

  void ended(posthaste::SpanKind kind, const posthaste::Context& span);
  void logged(const posthaste::Context& span) { write("trace", span, false); }
  void threw(const posthaste::Context& span) { write("exception", span, false); }
  /// Whether every line so far is in the file.
  bool complete();

private:
  void write(std::string_view type, const posthaste::Context& span, bool with_span_id);

  std::mutex mutex_;
  std::ofstream file_;  // guarded by mutex_
};

}  // namespace shop

#pragma once

/// What an application does to each span and log record on its way: enrich, rename, drop.
///
///   settings.span_processors = {{.on_start = add_tenant, .on_end = name_by_route}, {.on_end = mask}};
///   settings.log_processors = {{.on_emit = mask}};
///
/// Order:    as in the list, each sees what those before it changed. Once one has dropped the
///           record, those behind it are not called; it is counted as refused: filtered.
/// Threads:  on the thread that starts or ends the span, or emits the log; on several at once.
/// Blocking: that thread waits, so they should not block.
/// Errors:   an exception is caught and counted (`Health::callback_failures`), said once for each
///           kind (PH-RUN-503); what was changed before it stays, and the next one is called.
/// Limits:   only records that are kept so far come here: not what sampling, a severity or a rate
///           limit refuses. Not called for what they record themselves, which goes on unchanged.

#include <functional>

namespace posthaste {

class EmittedLog;
class EndingSpan;
class Span;

struct SpanProcessor {
  std::function<void(Span&)> on_start = {};      // may be empty
  std::function<void(EndingSpan&)> on_end = {};  // may be empty
};

struct LogProcessor {
  std::function<void(EmittedLog&)> on_emit = {};
};

}  // namespace posthaste

#pragma once

/// The spans that were open when a process died: slots whose generation is odd and whose record is
/// not in a lane. Each is shown as a record of its own, so that a crash tells what was going on.
///
/// Threads: the adopter's, but for count_open_spans. Blocking: never. Nothing in the slots is believed.

#include "runtime/arena/arena.h"
#include "runtime/model/record.h"

#include <functional>
#include <string_view>

namespace posthaste::arena {

/// The record is flagged `interrupted`; its `end` is the last moment the process is known to have
/// lived. `operation_name` is the local root's. Both are valid during the call only.
using OpenSpanVisitor =
    std::function<void(const model::RecordHead& record, std::string_view operation_name)>;

/// Spans of the living process that record and have not ended. Any thread, while they begin and end:
/// then it is about right.
std::uint64_t count_open_spans(const Arena& arena) noexcept;

/// For prepare (adoption.h), once, before any lane is drained: spans whose record was committed are
/// no longer open.
void close_ended_spans(const Arena& arena) noexcept;

/// Visits each; of an arena that is prepared, in any state of its adoption.
void visit_open_spans(const Arena& arena, const OpenSpanVisitor& visit);

/// The record with that `origin` (of a visited span) is in the log: never visit it again. What
/// repair_lanes_after_step does too, so that an adopter may die in between.
void close_open_span(const Arena& arena, std::uint64_t origin) noexcept;

}  // namespace posthaste::arena

#pragma once

/// The sink of a console output: each record as the lines that would go to the service, one item a
/// line, for development. Written to standard output or standard error, never waited for longer
/// than the stream itself waits.
///
/// Called by the output's LocalOutput. Threads: one. Blocking: as the stream does.

#include "runtime/arena/arena.h"
#include "runtime/config/final_output.h"

#include <posthaste/local_sink.h>

#include <memory>

namespace posthaste::actors {

/// A console's own sink; of a local output the given one; null for an output with an endpoint.
std::shared_ptr<LocalSink> sink_of(const config::FinalOutput& output,
                                   std::shared_ptr<LocalSink> given, const arena::Arena& arena);

}  // namespace posthaste::actors

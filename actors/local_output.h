#pragma once

/// Delivers the log to something in this process: a sink of the application's tests, or the
/// console. One per output without an endpoint; it has no bodies, no store and no retries.
///
///   log ─► [local output] ─► LocalSink::take
///
/// Who calls: its shell. Threads: one. Blocking: as long as the sink does. Full: never.
///
/// Commit points: the count of delivered records, then the cursor; none can throw, and a sink must
/// not either. What it has taken before a crash of the process in between is taken again by nobody:
/// a dead process's records are not delivered to local outputs.

#include "actors/custody.h"
#include "actors/durable.h"
#include "actors/part.h"
#include "runtime/arena/bodies.h"

namespace posthaste::actors {

class LocalOutput final : public Part {
public:
  LocalOutput(Durable& durable, std::uint32_t output);
  SteadyTime step(SteadyTime now) override;

private:
  Durable& durable_;
  const config::FinalOutput& output_;
  Custody& custody_;
  LocalSink& sink_;
  arena::BodyWriter writer_;
};

}  // namespace posthaste::actors

#pragma once

/// Encodes the log for one output: the next extent, straight from records to wire bytes,
/// compressed, with its item map, into a body. One per output with an endpoint.
///
///   log ─► [batcher] ─► envelopes ─► gzip ─► body ─► transmitter
///            ▲ window (credit)
///
/// Who calls: its shell. Threads: one. Blocking: never; 1 to 2 ms a body, one body a step.
/// Full: it makes a body only while fewer than `window` are live; when a full batch has waited for
/// a second, the output holds more than its share, or the arena gets scarce, it makes one all the
/// same, and the transmitter puts away what it has no turn for. No entry or segment: it tries
/// again.
///
/// Commit points: the drop counts of records that cannot be encoded, then BodyWriter::publish (or
/// skip), which makes the body ready and moves the cursor; none can throw. A batcher that dies
/// before encodes the extent again; its unpublished draft is freed by its destructor.

#include "actors/batch_rules.h"
#include "actors/custody.h"
#include "actors/durable.h"
#include "actors/encoded_extent.h"
#include "actors/log_stretch.h"
#include "actors/part.h"
#include "runtime/arena/bodies.h"

#include <optional>

namespace posthaste::actors {

class Batcher final : public Part {
public:
  Batcher(Durable& durable, std::uint32_t output);
  SteadyTime step(SteadyTime now) override;

private:
  void look_ahead(SteadyTime now);
  bool has_credit(SteadyTime now);
  bool make_body(SteadyTime now);
  bool has_never_room(SteadyTime now);
  void count(const EncodedExtent& encoded, const model::SignalCounts& lost) noexcept;
  double part_to_keep();

  Durable& durable_;
  Custody& custody_;
  BatchRules rules_;
  arena::BodyWriter writer_;
  LogStretch stretch_;  // behind the output's cursor
  ExtentEncoder encoder_;
  std::optional<SteadyTime> starved_;        // since when a closed batch has no credit
  std::optional<SteadyTime> no_room_since_;  // for the body of a single record
};

}  // namespace posthaste::actors

#pragma once

/// Where a new span comes from, and what was decided of it: passed between the steps of
/// Producer::start_span. Texts borrow, from the parent or from the thread's buffers.

#include "runtime/produce/producer.h"

namespace posthaste::produce {

/// All that there is to say of a new trace.
struct Producer::Origin {
  TraceId trace_id;
  SpanId parent_id;
  std::uint8_t trace_flags = 2;  // of the parent; W3C level 2: the trace id is random
  bool has_parent = false;
  bool remote = false;
  bool sampled = true;
  double sample_rate = 100;  // until the sampler has decided: the parent's
};

/// What a parent in this runtime adds to it.
struct Producer::Child : Origin {
  arena::Slot* slot = nullptr;  // the parent's, alive; else null
  std::uint32_t generation = 0;
  RootRef root;  // of a parent that is alive or not
};

struct Producer::Lineage : Child {
  bool undecided = true;  // the sampler decides, not the parent
  std::string_view trace_state;
  std::string_view operation_name;  // as it was known, for when no slot tells it
  const std::vector<OwnedAttribute>* sampler_attributes = nullptr;
};

}  // namespace posthaste::produce

#pragma once

/// The body of one POST to /v2.1/track: its items, each checked, and the answer that the service
/// gives for them. NDJSON and a JSON array are told apart by the first character, as clients send
/// either under either content type.
///
/// Threads:  none; pure. A batch is used again for the next body and keeps its memory.
/// Overflow: more than `most_items` items refuse the whole body.

#include "runtime/base/clock.h"
#include "tools/emulator/envelope_check.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::tools {

struct ItemError {
  std::uint32_t index;  // from 0, within the body
  unsigned status;
  std::string message;
};

struct TrackBatch {
  std::vector<ItemFacts> items;   // all of them, in order; they point into the body
  std::vector<ItemError> errors;  // at most one an item, in order; the rest was accepted

  std::size_t accepted() const noexcept { return items.size() - errors.size(); }
};

enum class BatchDefect : std::uint8_t {
  none,
  empty,         // no item at all
  broken_array,  // an array that is not JSON: nothing of it is taken
  too_many_items,
};

/// Replaces what `batch` held.
BatchDefect read_batch(std::string_view body, WallTime now, TrackBatch& batch);

/// Rejects these items too, but those that are rejected already or not there.
void reject_items(TrackBatch& batch, std::vector<ItemError> more);

/// 200 when all items were accepted, 206 when some were, else the status of the first error.
unsigned status_of(const TrackBatch& batch) noexcept;

/// The answer's body: itemsReceived, itemsAccepted, errors.
std::string answer_for(const TrackBatch& batch);

/// The same for a body that held no readable batch: one error at index 0.
std::string answer_for_defect(unsigned status, std::string_view message);

}  // namespace posthaste::tools

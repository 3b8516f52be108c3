#pragma once

/// Bodies on the heap: what remains of one that was taken in part, on its way to the arena or the
/// store; and a body's pieces gathered into one, to be cut. Values; any thread.

#include "actors/judge.h"
#include "runtime/arena/bodies.h"
#include "runtime/wire/body_kind.h"
#include "runtime/wire/body_lines.h"

#include <posthaste/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace posthaste::actors {

struct HeapBody {
  std::vector<std::byte> body;
  std::vector<std::byte> map;
  std::uint32_t records = 0;
  std::uint32_t items = 0;
  wire::BodyKind kind = wire::BodyKind::track_gzip;
};

HeapBody heap_body_of(const wire::CutBody& cut, wire::BodyKind kind);

/// All of it in the arena, not yet published; empty when there is no room.
std::optional<arena::BodyDraft> draft_of(arena::BodyWriter& writer, const HeapBody& body) noexcept;

/// Pieces, one behind the other.
std::vector<std::byte> gathered(const std::vector<std::span<const std::byte>>& pieces);

/// What has to be sent again of a body, by the judgement of it. Fails where body and map do not
/// agree.
Result<HeapBody> remains_of(std::span<const std::byte> body, wire::BodyForm form,
                            const wire::ItemMap& map, const Judgement& judgement,
                            wire::Compressor& compressor);

}  // namespace posthaste::actors

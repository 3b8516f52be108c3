#pragma once

/// Cuts a body into smaller ones, by lines: what is left of a body that was taken in part (206), and
/// the first part of one that was too large (413). Lines are copied, never understood. Of an OTLP
/// request the items are its lines (otlp_cut.h); the records of its map are all alike, so it does not
/// matter that their order is another.
///
/// Who calls it: a transmitter's delivery, off the application thread. Pure; costs a gunzip and a
/// gzip.

#include <posthaste/result.h>

#include "runtime/wire/body_kind.h"
#include "runtime/wire/gzip.h"
#include "runtime/wire/item_map.h"

#include <optional>
#include <span>
#include <utility>

namespace posthaste::wire {

/// No body is longer when unpacked; a body that claims to be is damaged.
inline constexpr std::size_t plain_body_limit = 16 * 1024 * 1024;

/// How the bytes are to be read. `signal` counts for OTLP alone.
struct BodyForm {
  BodyKind kind = BodyKind::track_gzip;
  OtlpSignal signal = OtlpSignal::traces;
};

struct CutBody {
  ByteBuffer body;  // of the same kind
  ItemMap map;
};

/// The lines `retry` (sorted, each once) of `body`; of a record whose own line is in `rejected`
/// (sorted) the remaining lines are marked as elsewhere, of the others as accepted. Fails with
/// `bad_response` if body and map do not agree or an index is outside.
Result<CutBody> select_items(std::span<const std::byte> body, BodyForm form, const ItemMap& map,
                             std::span<const std::uint32_t> retry,
                             std::span<const std::uint32_t> rejected, Compressor& compressor);

/// Of Application Insights alone: two bodies of about half the lines each, cut between records; a single record of several lines
/// is cut between lines, and counted with the first half. Fails with `bad_response` if body and map
/// do not agree, with `invalid_argument` if there is but one line.
Result<std::pair<CutBody, CutBody>> split(std::span<const std::byte> body, const ItemMap& map,
                                          Compressor& compressor);

}  // namespace posthaste::wire

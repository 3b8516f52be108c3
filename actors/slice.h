#pragma once

/// A body that the service finds too large is sent in slices: its first lines alone, and what that
/// answer leaves of the body later. So a 413 needs no table entries of its own, and a process that
/// dies in between repeats at most the slice in flight. Pure.

#include "actors/deliveries.h"
#include "actors/judge.h"
#include "runtime/wire/body_lines.h"

#include <posthaste/result.h>

#include <cstdint>
#include <span>

namespace posthaste::actors {

/// The first `lines` lines of a body, on the heap. Fails where body and map do not agree.
Result<Consignment> first_lines(std::span<const std::byte> body, wire::BodyForm form,
                                const wire::ItemMap& map, std::uint32_t lines,
                                wire::Compressor& compressor);

/// What an answer to the first `sent` of `items` lines means for the whole body: lines that were
/// not sent are to be sent. `retry_later` stays as it is; a refusal of the slice refuses its lines.
Judgement widened(const Judgement& judgement, std::uint32_t sent, std::uint32_t items);

}  // namespace posthaste::actors

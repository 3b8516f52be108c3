#pragma once

/// The arena's memory, field by field. docs/formats/arena.md says what each means to a reader after
/// a crash; this file is the layout in code.
///
///   | ArenaHeader | LaneHead × lanes | OutputHead × outputs | BodyEntry × outputs × 128 |
///   | log ring: u32 × segments | SegmentDescriptor × segments | scopes 64 KiB | resource 2 × 20 KiB |
///   | segment 0, 64 KiB | segment 1 | ...
///
/// Every part starts on a page. Nothing in here is a pointer. All atomics are lock-free and used by
/// several processes at most one after the other (an owner, then an adopter).

#include "runtime/arena/place.h"
#include "runtime/base/drop_reason.h"
#include "runtime/base/tick_clock.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace posthaste::arena {

inline constexpr std::uint64_t arena_magic = 0x414e'4552'4150'4850;  // "PHPARENA" in memory
inline constexpr std::uint32_t format_version = 3;
inline constexpr std::uint32_t most_lanes = 32;  // and one more, for failures
inline constexpr std::uint32_t most_outputs = 8;
inline constexpr std::uint32_t bodies_per_output = 128;
inline constexpr std::uint32_t pieces_per_body = 20;
inline constexpr std::uint32_t scope_table_size = 65'536;
inline constexpr std::uint32_t resource_size_limit = 20'480;  // of each of its two places
inline constexpr std::uint32_t most_segments = 65'535;
inline constexpr std::uint32_t segments_ahead = 32;  // with pages, before anybody needs them

using ArenaId = std::array<std::uint8_t, 16>;  // random, new for every arena

struct Geometry {
  std::uint32_t segments = 0;
  std::uint32_t lanes = 0;  // ordinary ones; lane number `lanes` is the one for failures
  std::uint32_t outputs = 0;
};

struct alignas(64) ArenaHeader {
  // who and what: written once, before `magic`
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;  // sizeof(ArenaHeader), checked
  Geometry geometry;
  std::uint32_t pid;     // for people; the file's lock decides who lives
  std::uint64_t secret;  // of the commit checks
  ArenaId id;
  std::array<char, 40> boot_id;  // text of /proc/sys/kernel/random/boot_id
  std::int64_t started_wall_ns;
  std::array<char, 1024> store_directory;  // zero-terminated; empty: no store
  TickSource tick_source;
  std::atomic<std::uint64_t> resource;  // revision << 32 | size; it lies in place revision % 2

  // the clock's scale: one writer, a sequence word around it (odd while it is written)
  std::atomic<std::uint32_t> scale_sequence;
  TickScale scale;

  // segments
  alignas(64) std::atomic<std::uint64_t> free_list;  // tag << 32 | segment index, a stack
  std::atomic<std::uint32_t> free_count;             // at least as many as are on the list
  std::atomic<std::uint32_t> slot_segments;          // taken for slots so far; never given back
  std::atomic<std::uint32_t> touched;  // segments below it have their pages and are in use
  std::atomic<std::uint32_t> strays;   // lane segments that no `current` leads to; counted

  // the log: positions count bytes since the start; ordinal = position / segment_size
  alignas(64) std::atomic<std::uint64_t> log_tail;  // records below it are whole; the sampler's
  std::atomic<std::uint64_t> log_head;              // segments wholly below it are free; likewise
  std::atomic<std::uint64_t> sampler_step;          // log_tail when the running copy began
  std::atomic<std::uint64_t> log_record_bytes;      // of log records in the log's segments
  std::atomic<std::uint64_t> log_records;           // records of every type ever put below the tail

  // what was taken and what was not, in records; the sampler's and the lanes' counts live below
  std::atomic<std::uint64_t> accepted;   // drained from lanes, in this process
  std::atomic<std::uint64_t> recovered;  // found here by an adopter
};
static_assert(sizeof(ArenaHeader) <= 4096);

using RefusalRow = std::array<std::atomic<std::uint64_t>, refusal_count>;  // by RefusalReason

/// A cache line for reservations, one for the counts of logs, one for those of all others.
struct alignas(128) LaneHead {
  std::atomic<std::uint64_t> current;     // epoch << 32 | segment, no_segment, or closed_lane
  std::atomic<std::uint64_t> free_slots;  // tag << 32 | slot index, a stack
  alignas(64) RefusalRow refused;         // but for logs
  alignas(64) RefusalRow refused_logs;    // likewise
};
inline constexpr std::uint32_t closed_lane = 0xffff'fffe;

enum class SegmentUse : std::uint32_t {
  free = 0,
  slots = 1,
  lane = 2,
  log = 3,
  bodies = 4,
};

/// `reserved` of every segment that is not an open lane segment is at least this far up, so that a
/// writer that slept through a segment's whole life can never reserve in its next one by mistake.
inline constexpr std::uint32_t closed_offset = 0x4000'0000;

/// State of a segment, outside it, so that a reader after a crash trusts no record to find the
/// next.
struct alignas(128) SegmentDescriptor {
  std::atomic<std::uint64_t>
      reserved;                       // lane: epoch << 32 | bytes reserved (beyond sealed: refused)
  std::atomic<std::uint32_t> sealed;  // lane, log: bytes that count once closed, else not_sealed
  std::atomic<std::uint32_t> next_free;  // free list
  std::atomic<std::uint64_t> previous;   // lane: Place{epoch, segment, 0} of the one before; 0 none

  alignas(64) std::atomic<SegmentUse> use;
  std::atomic<std::uint32_t> lane;     // lane: its number
  std::atomic<std::uint32_t> drained;  // lane: bytes that the sampler is done with
  std::atomic<std::uint32_t> live;  // bodies: unsettled pieces, + 1 while a writer fills it; log:
                                    // bytes of log records
  std::atomic<std::uint64_t> log_ordinal;  // log: its place in the log
  std::atomic<std::uint32_t> epoch;        // grows with each use; written by who takes it
};
inline constexpr std::uint32_t not_sealed = 0xffff'ffff;

/// A part of a body: consecutive bytes in one segment.
struct BodyPiece {
  std::uint16_t segment;
  std::uint16_t offset_words;  // offset / 8
  std::uint32_t size;
};

enum class BodyState : std::uint32_t {
  free = 0,       // settled, or never used
  filling = 1,    // the batcher is writing it; after a crash: as free
  ready = 2,      // waits for its turn
  in_flight = 3,  // a request carries it
  storing = 4,    // the storekeeper has been asked to take it
};

/// An encoded batch in the settlement table. Settled by one store of `state`.
struct alignas(64) BodyEntry {
  std::atomic<BodyState> state;
  std::uint32_t records;
  std::uint32_t items;      // envelopes
  std::uint32_t body_size;  // bytes on the wire
  std::uint32_t map_size;   // bytes of item map behind them (wire/item_map.h)
  std::uint32_t piece_count;
  std::atomic<std::uint32_t> attempts;
  std::uint32_t crc;           // CRC32C over body and map
  std::uint64_t batch;         // number of the batch; unique in this arena and output
  std::uint64_t extent_begin;  // log positions
  std::uint64_t extent_end;
  std::int64_t created_wall_ns;
  std::array<BodyPiece, pieces_per_body> pieces;
  std::uint64_t replaces;              // batch whose remainder this is, which it settles; or 0
  std::uint32_t kind;                  // how it is encoded (wire/body_kind.h)
  std::uint32_t spare_word;            // zero
  std::array<std::uint64_t, 2> spare;  // zero
};
static_assert(sizeof(BodyEntry) == 256);

/// Who writes bodies of an output. Each fills segments of its own.
enum class BodyAuthor : std::uint32_t { batcher = 0, transmitter = 1 };
inline constexpr std::uint32_t body_authors = 2;

struct alignas(128) OutputHead {
  std::uint64_t id;  // hash of endpoint and key; the queue's name in the store
  std::atomic<std::uint64_t> encoded_up_to;    // log position; the batcher's
  std::atomic<std::uint64_t> encoded_records;  // records below it, in the count of log_records
  std::atomic<std::uint64_t> body_records;     // in unsettled bodies
  std::atomic<std::uint64_t> next_batch;       // number of the last batch; the first is 1
  std::array<std::atomic<std::uint32_t>, body_authors> body_segment;  // being filled, or no_segment
  std::array<std::atomic<std::uint32_t>, body_authors> body_used;     // bytes of it
  // in records, of this process
  std::atomic<std::uint64_t> delivered;
  std::atomic<std::uint64_t> stored;          // moved into the store (also counted in_store there)
  std::atomic<std::uint64_t> replayed;        // delivered out of the store; part of `delivered`
  std::atomic<std::uint64_t> ambiguous;       // sent, answer never seen: may be there twice
  std::atomic<std::uint64_t> items_rejected;  // side envelopes that the service refused
  std::array<std::atomic<std::uint64_t>, drop_count> dropped;  // by DropReason
  std::atomic<std::uint64_t> for_others;  // metric points that only other outputs take
};

/// Slots: spans under construction. 1 KiB each, 64 in a segment.
inline constexpr std::uint32_t slot_size = 1024;
inline constexpr std::uint32_t slots_per_segment = segment_size / slot_size;
inline constexpr std::uint32_t no_slot = 0xffff'ffff;
inline constexpr std::uint32_t slot_tags = 64;
inline constexpr std::uint32_t operation_name_limit = 248;  // bytes that children inherit
inline constexpr std::uint32_t slot_recording = 1;          // of SlotHead::traits: becomes a record

/// The name of the local root's operation, readable by other threads while it changes: a sequence
/// word (odd while written) around relaxed words.
struct OperationCell {
  std::atomic<std::uint32_t> sequence;
  std::atomic<std::uint32_t> size;
  std::array<std::atomic<std::uint64_t>, operation_name_limit / 8> words;
};
static_assert(sizeof(OperationCell) == 256);

struct SlotHead {
  std::atomic<std::uint32_t> generation;  // odd: a span lives here
  std::atomic<std::uint32_t> used;        // committed bytes of the record image, chain included
  std::atomic<std::uint64_t> end_place;   // where end() put the record; 0 before
  std::uint64_t bloom;                    // of attribute keys
  std::atomic<std::uint32_t> next;        // free stack, or next slot of a chain
  std::uint32_t root;                     // slot of the local root
  std::uint32_t root_generation;
  std::uint32_t operation_sequence;  // of the root's cell when the name was last taken
  std::uint32_t tail;                // last slot of the chain
  std::uint16_t tail_used;           // bytes used in it
  std::uint16_t tag_count;
  std::uint16_t spare;
  std::uint16_t flags;      // produce/span_slot.h
  std::uint32_t traits;     // produce/span_slot.h; fixed when the span starts
  std::uint32_t quick_end;  // while `used` stays below this an attribute is appended quickly,
  std::uint32_t quick_characters;  // if its text does not exceed this
};
static_assert(sizeof(SlotHead) == 64);

struct Slot {
  SlotHead head;
  std::array<std::uint16_t, slot_tags> tags;
  OperationCell operation;
  alignas(8) std::array<std::byte, slot_size - 64 - 128 - 256> image;  // starts with a RecordHead
};
static_assert(sizeof(Slot) == slot_size);

/// A further slot of a chain holds the next bytes of the image behind its head.
inline constexpr std::uint32_t first_chunk = sizeof(Slot::image);
inline constexpr std::uint32_t chain_chunk = slot_size - sizeof(SlotHead);

}  // namespace posthaste::arena

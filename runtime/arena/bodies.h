#pragma once

/// Bodies: encoded batches on their way to one output, and the table that says what became of each.
/// A body's bytes lie in pieces in body segments; its entry in the table is its custody.
///
///   free ─ allocate ─► filling ─ publish ─► ready ◄─ set_state ─► in_flight | storing
///    ▲                    │ draft dropped                 │
///    └────────────────────┴──────────── settle ◄──────────┘
///
/// BodyWriter: one thread; the output's batcher, and for the remainders of partly accepted bodies
/// its transmitter, each with an object of its own. BodyTable: the output's transmitter; the actors
/// that it hands `bytes` to, until it settles.
/// Blocking: never. Full: allocate gives nothing (no entry, or no segment).
///
/// A segment is shared by bodies that settle in any order; it counts them, and whoever takes the
/// count to zero gives it back, on whatever thread.

#include "runtime/arena/arena.h"
#include "runtime/base/clock.h"

#include <optional>
#include <span>
#include <vector>

namespace posthaste::arena {

using BodyIndex = std::uint32_t;  // into the output's table

struct BodyFacts {
  std::uint32_t records = 0;         // in this body
  std::uint32_t items = 0;           // envelopes
  std::uint32_t kind = 0;            // how it is encoded (wire/body_kind.h)
  std::uint32_t map_size = 0;        // bytes of item map at the end of the draft; the rest is body
  std::uint64_t extent_begin = 0;    // log positions. Extents of one batcher are disjoint and
  std::uint64_t extent_end = 0;      // ascend; of a remainder: those of the body it replaces
  std::uint32_t extent_records = 0;  // in the extent, with those that were dropped when encoding
  WallTime created{};
};

/// A body that is being written. Dropped unpublished, it leaves nothing behind.
class BodyDraft {
public:
  BodyDraft(BodyDraft&& other) noexcept;
  BodyDraft& operator=(BodyDraft&&) = delete;
  ~BodyDraft();

  std::uint32_t size() const noexcept { return size_; }
  /// Copies `bytes` behind what was written before; at most size() altogether, else false and
  /// nothing is written.
  bool write(std::span<const std::byte> bytes) noexcept;

private:
  friend class BodyWriter;
  BodyDraft(const Arena& arena, BodyEntry& entry, BodyIndex index, std::uint32_t size) noexcept;

  Arena arena_;
  BodyEntry* entry_;  // null: published or moved from
  BodyIndex index_;
  std::uint32_t size_;
  std::uint32_t written_ = 0;
  std::uint32_t piece_ = 0;       // where the next byte goes
  std::uint32_t piece_used_ = 0;  // bytes of it
};

class BodyWriter {
public:
  static constexpr std::uint32_t size_limit = (pieces_per_body - 1) * segment_size;

  /// Goes on with the segment that an earlier writer of the same author was filling; that one and
  /// its drafts must be gone.
  BodyWriter(const Arena& arena, std::uint32_t output, BodyAuthor author) noexcept;
  BodyWriter(const BodyWriter&) = delete;
  BodyWriter& operator=(const BodyWriter&) = delete;

  /// Room for body and item map together: 1 to size_limit bytes.
  std::optional<BodyDraft> allocate(std::uint32_t bytes) noexcept;
  /// The draft, all of it written, is in custody from now on, by one release store. The batcher's
  /// moves the output's cursor to extent_end, too; a transmitter's has no extent. Gives the entry.
  BodyIndex publish(BodyDraft draft, const BodyFacts& facts) noexcept;
  /// The batcher's: nothing of the extent needs a body; the cursor moves on. Count drops before.
  void skip(std::uint64_t extent_end, std::uint32_t extent_records) noexcept;
  /// The transmitter's: `draft` is what remains of `old`, which is settled in the same breath. A
  /// process that dies in between leaves both, and the remainder wins.
  BodyIndex replace(BodyIndex old, BodyDraft draft, BodyFacts facts) noexcept;
  /// Stops filling the current segment, so that it is free as soon as its bodies are settled.
  /// Transmitters call it when they have no remainder to write; batchers when they stop for good.
  void let_go() noexcept;

private:
  std::optional<BodyIndex> take_entry() noexcept;
  bool take_pieces(BodyEntry& entry, std::uint32_t bytes) noexcept;
  bool take_segment() noexcept;
  BodyIndex make_ready(BodyDraft& draft, const BodyFacts& facts, std::uint64_t replaces) noexcept;

  Arena arena_;
  OutputHead* head_;
  std::uint32_t output_;
  std::size_t author_;
};

/// A body's bytes where they lie; valid until it is settled.
struct BodyBytes {
  std::vector<std::span<const std::byte>> body;
  std::vector<std::span<const std::byte>> map;
};

class BodyTable {
public:
  BodyTable(const Arena& arena, std::uint32_t output) noexcept : arena_(arena), output_(output) {}

  /// All entries in custody, oldest batch first. Entries whose remainder is there as well are
  /// settled on the way. For a transmitter that starts.
  std::vector<BodyIndex> unsettled();
  /// Facts of an unsettled body.
  const BodyEntry& entry(BodyIndex index) const noexcept { return arena_.body(output_, index); }
  BodyBytes bytes(BodyIndex index) const;

  BodyState state(BodyIndex index) const noexcept;
  /// Between ready, in_flight and storing.
  void set_state(BodyIndex index, BodyState state) noexcept;
  /// One more attempt to deliver it was made; gives how many that were.
  std::uint32_t count_attempt(BodyIndex index) noexcept;
  /// Custody ends: delivered, stored, or dropped and counted. False when it had ended already.
  bool settle(BodyIndex index) noexcept;

private:
  Arena arena_;
  std::uint32_t output_;
};

/// CRC-32C over body and map, as in BodyEntry::crc. The pieces must be sane (adoption.h sees to
/// it).
std::uint32_t body_crc(const Arena& arena, const BodyEntry& entry) noexcept;

}  // namespace posthaste::arena

#pragma once

/// A lane: the way of a finished record from an application thread to the sampler. A few per CPU.
///
///   writer   reserve ─► write the bytes ─► commit        any thread; lock-free, never waits
///   reader   next_batch ─► … ─► drained                  the sampler alone
///
/// A record is reserved by one `lock xadd` on the segment's epoch|offset word and published by one
/// release store of its commit word. The writer that finds the segment full seals it and installs
/// another; a lost race gives the segment back. A segment is free again when it is sealed and all
/// of it is drained; the reader takes it out of its lane then, if it is still the lane's current
/// one.
///
/// A writer may sleep between its look at `current` and its reservation for as long as it likes. It
/// then reserves in whatever life of the segment it wakes up in: refused if that is no lane's,
/// valid if it is one, be it another lane's or one that is just being installed.
///
/// Full: reserve gives nothing; the caller counts the refusal.

#include "runtime/arena/arena.h"
#include "runtime/model/record.h"

#include <vector>

namespace posthaste::arena {

/// Room for one record, this thread's alone until commit.
struct Reservation {
  std::byte* bytes = nullptr;  // null: no room
  std::uint64_t place = 0;     // packed Place
};

class LaneWriter {
public:
  LaneWriter() = default;
  explicit LaneWriter(const Arena& arena) noexcept
      : arena_(arena), secret_(arena.header().secret) {}

  /// Room for `length` bytes (a multiple of 8, at most a segment) in lane `number`.
  [[gnu::always_inline]] Reservation reserve(std::uint32_t number,
                                             std::uint32_t length) const noexcept {
    const std::uint64_t current = arena_.lane(number).current.load(std::memory_order_acquire);
    const auto segment = static_cast<std::uint32_t>(current);
    if (segment < closed_lane) [[likely]] {
      const Reservation room = reserve_in(segment, length);
      if (room.bytes != nullptr) [[likely]]
        return room;
    }
    return reserve_elsewhere(number, length, current);
  }

  /// Publishes a record whose bytes from 8 on are written. `origin` must hold the place.
  void commit(const Reservation& room, std::uint32_t length) const noexcept {
    std::atomic_ref(*reinterpret_cast<std::uint64_t*>(room.bytes))
        .store(commit_word(secret_, room.place, length), std::memory_order_release);
  }

  /// Ends every lane: what was reserved before can still be committed, nothing more is reserved.
  /// Idempotent; any thread.
  void close_all() const noexcept;

private:
  [[gnu::always_inline]] Reservation reserve_in(std::uint32_t segment,
                                                std::uint32_t length) const noexcept {
    std::atomic<std::uint64_t>& reserved = arena_.descriptor(segment).reserved;
    // Looked at before it is added to: else the refusals of a full arena would carry into the
    // epoch.
    if (static_cast<std::uint32_t>(reserved.load(std::memory_order_relaxed)) > segment_size) {
      return {};
    }
    const std::uint64_t before = reserved.fetch_add(length, std::memory_order_acq_rel);
    const auto offset = static_cast<std::uint32_t>(before);
    if (offset + std::uint64_t{length} <= segment_size) [[likely]] {
      const Place place{static_cast<std::uint32_t>(before >> 32), segment, offset};
      return {arena_.bytes(segment) + offset, place.packed()};
    }
    // Exactly one reservation starts inside a segment and ends beyond it: that one seals.
    if (offset <= segment_size) {
      arena_.descriptor(segment).sealed.store(offset, std::memory_order_release);
    }
    return {};
  }

  Reservation reserve_elsewhere(std::uint32_t number, std::uint32_t length,
                                std::uint64_t tried) const noexcept;
  void give_up(SegmentIndex segment) const noexcept;

  Arena arena_;
  std::uint64_t secret_ = 0;
};

/// Reads the lanes in the order of each lane; one reader. Its own state is only a memory of which
/// segments there are: `drained` in the descriptors is what counts, so a new reader goes on where
/// the last one stopped.
class LaneReader {
public:
  enum class Holes : std::uint8_t {
    wait,  // a record that is reserved but not committed is being written: stop before it
    skip,  // its writer is dead: look for the next whole record behind it
  };

  explicit LaneReader(const Arena& arena, Holes holes = Holes::wait);

  /// A stretch of whole records in one segment. The log may take them as they are: their commit
  /// words are made of their origins.
  struct Batch {
    SegmentIndex segment = no_segment;
    std::uint32_t begin = 0;  // offsets
    std::uint32_t end = 0;
    std::vector<const model::RecordHead*> records;
  };

  /// The next whole records of some segment, at most `limit`; false if there are none now.
  /// The same records come again until `drained` was called.
  bool next_batch(Batch& batch, std::size_t limit);
  /// The sampler is done with everything of the batch. The segment goes back, when it is used up,
  /// with a later next_batch.
  void drained(const Batch& batch) { drained(batch, batch.records.size()); }
  /// The same of its first `count` records alone.
  void drained(const Batch& batch, std::size_t count);

  /// Everything reserved has been committed and drained. True for ever once lanes are closed.
  bool empty();

private:
  void find_new_segments();
  void find_all_segments();
  void walk_lane(std::uint32_t number);
  void add(std::uint32_t number, SegmentIndex segment);
  bool used_up(SegmentIndex segment) const noexcept;
  void give_back(std::uint32_t number, std::size_t known);
  bool fill(SegmentIndex segment, Batch& batch, std::size_t limit) const;
  std::uint32_t end_of(SegmentIndex segment) const noexcept;

  Arena arena_;
  std::uint64_t secret_;
  Holes holes_;
  std::vector<std::vector<SegmentIndex>> segments_;  // by lane, oldest first
  std::vector<bool> known_;                          // by segment: in one of segments_
  std::vector<std::uint64_t> walked_;  // by lane: `current` when it was last followed back
  std::uint32_t strays_seen_ = 0;
  std::size_t turn_ = 0;  // the lane to look at next
};

}  // namespace posthaste::arena

#pragma once

/// The log: what the sampler kept, in order, for every output. Consecutive segments; a position
/// counts bytes since the start, position / segment_size is a segment's ordinal, and the log ring
/// says which segment that is. No record straddles two segments.
///
///   LogWriter   begin_step ─► append … ─► publish ─► (lane drained) ─► trim     the sampler alone
///   LogCursor   next … next, null at the tail                                   one per batcher
///
/// Blocking: never. Full: append gives false, the records stay in their lanes, and the sampler
/// tries again when an output has encoded more.

#include "runtime/arena/arena.h"
#include "runtime/model/record.h"

#include <span>

namespace posthaste::arena {

class LogWriter {
public:
  /// Goes on behind the published tail. What an earlier writer had appended but not published is
  /// gone; it is still in its lanes.
  explicit LogWriter(const Arena& arena) noexcept;

  /// Remembers in the arena where the copy that begins now started; see repair_lanes_after_step.
  void begin_step() noexcept;
  /// Copies one record (`length()` and `origin` are set; the commit word is made anew) behind what
  /// was appended before. False: no segment to be had, or no valid length; nothing was appended.
  bool append(const model::RecordHead& record) noexcept;
  /// The same of records out of the lanes, whose commit words hold here, too. What lies side by
  /// side is copied in one piece. Gives how many of them there was room for, from the first on.
  std::size_t append(std::span<const model::RecordHead* const> records) noexcept;
  /// What was appended becomes visible to the cursors, by one release store.
  void publish() noexcept;
  /// Gives back the segments that every output's `encoded_up_to` has left.
  void trim() noexcept;

private:
  bool find_room(std::uint32_t length) noexcept;
  bool take_segment() noexcept;
  void went_on(std::uint32_t length, std::uint64_t records, std::uint32_t logs) noexcept;
  void give_back_others() noexcept;
  void recount() noexcept;

  Arena arena_;
  std::uint64_t secret_;
  SegmentIndex segment_ = no_segment;  // where position_ lies; none: the next append takes one
  std::uint64_t position_ = 0;
  std::uint64_t new_records_ = 0;  // appended, not yet published
};

/// A place in the log that moves forward. A value: copy it to look ahead. Any thread, many at once,
/// as long as no cursor is behind the `encoded_up_to` of its output, which keeps the segments
/// there. Everything read is checked, so that a damaged arena gives fewer records, never a wild
/// read.
class LogCursor {
public:
  LogCursor(const Arena& arena, std::uint64_t position) noexcept;
  /// At the first record that the batcher of `output` has not encoded.
  static LogCursor unencoded(const Arena& arena, std::uint32_t output) noexcept;

  /// The next record below the tail, or null. It stays where it is until the output's
  /// `encoded_up_to` passes it.
  const model::RecordHead* next() noexcept {
    while (position_ < readable_up_to_ || find_readable()) {
      const std::byte* const at = segment_ + position_ % segment_size;
      if (const std::uint32_t length = length_at(at)) [[likely]] {
        position_ += length;
        return reinterpret_cast<const model::RecordHead*>(at);
      }
      ++damaged_;
      skip_segment();
    }
    return nullptr;
  }

  /// Behind the last record that next() gave.
  std::uint64_t position() const noexcept { return position_; }
  /// How often the rest of a segment was skipped because its bytes made no sense.
  std::uint64_t damaged() const noexcept { return damaged_; }

private:
  bool find_readable() noexcept;
  /// Of a whole record there; 0 where something makes no sense.
  std::uint32_t length_at(const std::byte* at) const noexcept {
    const std::uint64_t room = readable_up_to_ - position_;
    if (room < sizeof(model::RecordHead)) return 0;
    const auto& head = *reinterpret_cast<const model::RecordHead*>(at);
    const std::uint64_t commit = head.commit;
    const auto length = static_cast<std::uint32_t>(commit);
    const bool fits = length >= sizeof head && length <= room && length % 8 == 0;
    return fits && is_commit_word(commit, secret_, head.origin) ? length : 0;
  }
  void skip_segment() noexcept;

  Arena arena_;
  std::uint64_t secret_;
  std::uint64_t position_;
  // What was published of the segment at hand when it was looked at; below position_: nothing more.
  std::uint64_t readable_up_to_ = 0;
  const std::byte* segment_ = nullptr;
  std::uint64_t damaged_ = 0;
};

/// For who takes over from a sampler that died: records that it had published but not marked as
/// drained are marked now, by their `origin`, so that nothing is copied twice; open spans likewise
/// (open_spans.h). Before a LaneReader or LogWriter is made. Idempotent.
void repair_lanes_after_step(const Arena& arena) noexcept;

/// Records of `output` that are in the log and not encoded, or in bodies that are not settled.
/// Any thread.
std::uint64_t resident_records(const Arena& arena, std::uint32_t output) noexcept;

}  // namespace posthaste::arena

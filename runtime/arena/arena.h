#pragma once

/// The arena: one fixed region of memory that holds every record from the moment it ends until it
/// is delivered or stored. This class finds the parts of the region (layout.h) and hands out
/// segments.
///
/// Threads:  take_segment and give_back from any thread, lock-free; the rest are plain accessors
///           whose users follow the one-writer rules of layout.h.
/// Blocking: never.
/// Full:     take_segment gives nothing; each use has a floor of its own, so that what is further
///           down the road (bodies) always finds room that what is further up (lanes) leaves.

#include "runtime/arena/layout.h"

#include <posthaste/ledger.h>
#include <posthaste/result.h>
#include <posthaste/units.h>

#include <algorithm>
#include <optional>
#include <span>

namespace posthaste::arena {

/// How many of the usable segments a use must leave to others; a few more in a small arena.
enum class Claim : std::uint8_t {
  ordinary,  // lanes and slots: leave an eighth
  failures,  // the lane for failures: leaves a twelfth
  log,       // leaves a sixteenth
  bodies,    // may take the last
};

class Arena {
public:
  Arena() = default;  // refers to nothing

  /// The largest geometry that fits in `size`; at least 16 segments, or an error.
  static Result<Geometry> geometry_for(Bytes size, std::uint32_t lanes, std::uint32_t outputs);
  /// Bytes that a region of this geometry needs.
  static std::size_t size_of(const Geometry& geometry) noexcept;
  /// Of these, the bytes in front of the first segment; and where the outputs' heads begin.
  static std::size_t tables_size(const Geometry& geometry) noexcept;
  static std::size_t outputs_offset(const Geometry& geometry) noexcept;
  /// Whether the geometry is within the format's bounds.
  static bool is_sane(const Geometry& geometry) noexcept;

  /// Makes an arena of zeroed memory, of which only the tables are touched: it has no segment to
  /// give until add_segments (region.h: extend) adds those whose pages are there. Epochs and slot
  /// generations start above `generation_base`, so that handles into an earlier arena at the same
  /// address mean nothing here.
  static Arena format(std::span<std::byte> zeroed, const Geometry& geometry, const ArenaId& id,
                      std::uint64_t secret, std::uint32_t generation_base);
  /// Refers to an arena that is there. Only geometry and sizes are checked; prepare (adoption.h)
  /// distrusts the rest.
  static Result<Arena> open(std::span<std::byte> memory);

  explicit operator bool() const noexcept { return base_ != nullptr; }

  ArenaHeader& header() const noexcept { return *reinterpret_cast<ArenaHeader*>(base_); }
  const Geometry& geometry() const noexcept { return geometry_; }
  LaneHead& lane(std::uint32_t number) const noexcept { return lanes_[number]; }
  OutputHead& output(std::uint32_t number) const noexcept { return outputs_[number]; }
  BodyEntry& body(std::uint32_t output, std::uint32_t number) const noexcept {
    return bodies_[output * bodies_per_output + number];
  }
  std::span<std::uint32_t> log_ring() const noexcept { return {log_ring_, geometry_.segments}; }
  SegmentDescriptor& descriptor(SegmentIndex segment) const noexcept {
    return descriptors_[segment];
  }
  std::span<std::byte> scopes() const noexcept { return {scopes_, scope_table_size}; }
  /// The resource as it is now, whole (of a damaged arena: any bytes). It stays as it is until the
  /// second set_resource() from now.
  std::span<const std::byte> resource() const noexcept;
  /// Another number after each set_resource().
  std::uint32_t resource_revision() const noexcept {
    return static_cast<std::uint32_t>(header().resource.load(std::memory_order_acquire) >> 32);
  }
  /// Whoever reads at whatever moment, an adopter too, sees the old one or this one, whole. False,
  /// changing nothing, if it is longer than resource_size_limit. One thread at a time.
  bool set_resource(std::span<const std::byte> bytes) const noexcept;
  std::byte* bytes(SegmentIndex segment) const noexcept {
    return segments_ + std::size_t{segment} * segment_size;
  }
  Slot& slot(std::uint32_t index) const noexcept {
    return reinterpret_cast<Slot*>(segments_)[index];
  }
  std::uint32_t slot_index(const Slot& slot) const noexcept {
    return static_cast<std::uint32_t>(&slot - reinterpret_cast<Slot*>(segments_));
  }

  /// The next `count` segments, whose pages are there, can be taken from now on; gives how many
  /// there were. One thread at a time.
  std::uint32_t add_segments(std::uint32_t count) const noexcept;
  /// A segment with a new epoch, open for reservations if it is a lane's; empty when the claim's
  /// floor is reached.
  std::optional<SegmentIndex> take_segment(SegmentUse use, Claim claim) const noexcept;
  /// The segment is free again. Only for its one owner, once.
  void give_back(SegmentIndex segment) const noexcept;

  /// Segments that have their pages, and how many of them are free just now.
  std::uint32_t usable_segments() const noexcept {
    return std::min(header().touched.load(std::memory_order_relaxed), geometry_.segments);
  }
  std::uint32_t free_segments() const noexcept {
    return header().free_count.load(std::memory_order_relaxed);
  }
  /// Free ones and those that have no pages yet: what is not in use.
  std::uint32_t unused_segments() const noexcept {
    return free_segments() + geometry_.segments - usable_segments();
  }
  /// How many free segments the claim must leave.
  std::uint32_t floor(Claim claim) const noexcept;
  /// How many more segments must get pages until `segments_ahead` are free for records of all kinds.
  std::uint32_t missing_ahead() const noexcept;
  /// So few are free that whoever lays them ahead, and frees them, should not sleep on.
  bool is_short() const noexcept;

  /// What the lanes have refused so far, by reason; any thread. Logs are part of all.
  Counts<RefusalReason> refused() const noexcept;
  Counts<RefusalReason> refused_logs() const noexcept;

  /// The scale of this arena's ticks; may be read from any thread. One writer.
  TickScale tick_scale() const noexcept;
  void set_tick_scale(const TickScale& scale) const noexcept;

private:
  Counts<RefusalReason> sum_of(RefusalRow LaneHead::*row) const noexcept;
  void locate(std::byte* base, const Geometry& geometry) noexcept;

  std::byte* base_ = nullptr;
  Geometry geometry_{};
  LaneHead* lanes_ = nullptr;
  OutputHead* outputs_ = nullptr;
  BodyEntry* bodies_ = nullptr;
  std::uint32_t* log_ring_ = nullptr;
  SegmentDescriptor* descriptors_ = nullptr;
  std::byte* scopes_ = nullptr;
  std::byte* resource_ = nullptr;
  std::byte* segments_ = nullptr;
};

}  // namespace posthaste::arena

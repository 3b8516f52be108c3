#include "runtime/arena/lane.h"

#include <algorithm>

namespace posthaste::arena {
namespace {

constexpr std::uint32_t segment_of(std::uint64_t current) noexcept {
  return static_cast<std::uint32_t>(current);
}

/// Of the record at `at`, for which there is `room`; 0: it is not committed.
inline std::uint32_t whole_length(std::byte* at, std::uint32_t room, std::uint64_t secret,
                                  std::uint64_t place) noexcept {
  if (room < sizeof(model::RecordHead)) return 0;
  auto& word = *reinterpret_cast<std::uint64_t*>(at);
  const std::uint64_t commit = std::atomic_ref(word).load(std::memory_order_acquire);
  const auto length = static_cast<std::uint32_t>(commit);
  const bool fits = length >= sizeof(model::RecordHead) && length <= room && length % 8 == 0;
  return fits && is_commit_word(commit, secret, place) ? length : 0;
}

}  // namespace

Reservation LaneWriter::reserve_elsewhere(std::uint32_t number, std::uint32_t length,
                                          std::uint64_t tried) const noexcept {
  LaneHead& lane = arena_.lane(number);
  const Claim claim = number == arena_.geometry().lanes ? Claim::failures : Claim::ordinary;
  for (;;) {
    std::uint64_t current = lane.current.load(std::memory_order_acquire);
    const std::uint32_t segment = segment_of(current);
    if (segment == closed_lane) return {};
    if (current != tried) {  // somebody has installed another one
      tried = current;
      if (segment == no_segment) continue;
      const Reservation room = reserve_in(segment, length);
      if (room.bytes != nullptr) return room;
      continue;
    }
    const auto taken = arena_.take_segment(SegmentUse::lane, claim);
    if (!taken) {
      if (lane.current.load(std::memory_order_acquire) == tried) return {};
      continue;
    }
    SegmentDescriptor& fresh = arena_.descriptor(*taken);
    fresh.lane.store(number, std::memory_order_relaxed);
    if (segment != no_segment) {
      const auto epoch = static_cast<std::uint32_t>(current >> 32);
      fresh.previous.store(Place{epoch, segment, 0}.packed(), std::memory_order_relaxed);
    }
    const std::uint64_t epoch = fresh.epoch.load(std::memory_order_relaxed);
    if (!lane.current.compare_exchange_strong(current, epoch << 32 | *taken,
                                              std::memory_order_acq_rel)) {
      give_up(*taken);
    }
  }
}

/// Somebody else was faster. A writer that remembered this segment from an earlier life may have
/// reserved in it all the same: then it stays a lane segment, and the reader is told to look for
/// it.
void LaneWriter::give_up(SegmentIndex segment) const noexcept {
  SegmentDescriptor& descriptor = arena_.descriptor(segment);
  const std::uint64_t before =
      descriptor.reserved.fetch_add(closed_offset, std::memory_order_acq_rel);
  const auto offset = static_cast<std::uint32_t>(before);
  if (offset == 0) {
    arena_.give_back(segment);
    return;
  }
  if (offset <= segment_size) descriptor.sealed.store(offset, std::memory_order_release);
  arena_.header().strays.fetch_add(1, std::memory_order_release);
}

void LaneWriter::close_all() const noexcept {
  for (std::uint32_t number = 0; number <= arena_.geometry().lanes; ++number) {
    const std::uint32_t last =
        segment_of(arena_.lane(number).current.exchange(closed_lane, std::memory_order_acq_rel));
    if (last == closed_lane) continue;
    if (last != no_segment) {
      SegmentDescriptor& segment = arena_.descriptor(last);
      const std::uint64_t before =
          segment.reserved.fetch_add(closed_offset, std::memory_order_acq_rel);
      const auto offset = static_cast<std::uint32_t>(before);
      if (offset <= segment_size) segment.sealed.store(offset, std::memory_order_release);
    }
    arena_.header().strays.fetch_add(1, std::memory_order_release);
  }
}

LaneReader::LaneReader(const Arena& arena, Holes holes)
    : arena_(arena), secret_(arena.header().secret), holes_(holes) {
  segments_.resize(arena.geometry().lanes + 1);
  walked_.resize(arena.geometry().lanes + 1, no_segment);
  known_.resize(arena.geometry().segments);
  for (std::uint32_t number = 0; number < segments_.size(); ++number) walk_lane(number);
  find_all_segments();  // which does not know their order
}

void LaneReader::add(std::uint32_t number, SegmentIndex segment) {
  segments_[number].push_back(segment);
  known_[segment] = true;
}

/// By the descriptors: for a new reader, and for segments that no lane's `current` leads to. A
/// segment that is only about to be installed may still be given up: it counts when something was
/// reserved in it, which makes it a lane's for good. The epoch tells whether all that was read is
/// of one life.
void LaneReader::find_all_segments() {
  strays_seen_ = arena_.header().strays.load(std::memory_order_acquire);
  for (SegmentIndex i = 0; i < arena_.geometry().segments; ++i) {
    if (known_[i]) continue;
    const SegmentDescriptor& descriptor = arena_.descriptor(i);
    const std::uint64_t epoch = descriptor.epoch.load(std::memory_order_acquire);
    if (descriptor.use.load(std::memory_order_acquire) != SegmentUse::lane) continue;
    const std::uint64_t reserved = descriptor.reserved.load(std::memory_order_acquire);
    const auto offset = static_cast<std::uint32_t>(reserved);
    const bool closed = descriptor.sealed.load(std::memory_order_acquire) != not_sealed;
    const std::uint32_t lane = descriptor.lane.load(std::memory_order_acquire);
    const bool one_life =
        reserved >> 32 == epoch && descriptor.epoch.load(std::memory_order_acquire) == epoch;
    const bool used = closed || (offset != 0 && offset < closed_offset);
    if (used && one_life && lane < segments_.size()) add(lane, i);
  }
}

void LaneReader::find_new_segments() {
  if (arena_.header().strays.load(std::memory_order_acquire) != strays_seen_) find_all_segments();
  for (std::uint32_t number = 0; number < segments_.size(); ++number) walk_lane(number);
}

/// From the lane's current segment back to what was walked before. What an earlier walk has passed
/// is known, or was drained; what find_all_segments has added may have unknown ones before it.
void LaneReader::walk_lane(std::uint32_t number) {
  const std::uint64_t current = arena_.lane(number).current.load(std::memory_order_acquire);
  if (current == walked_[number] || segment_of(current) >= arena_.geometry().segments) return;
  std::vector<SegmentIndex>& known = segments_[number];
  const auto old_count = static_cast<std::ptrdiff_t>(known.size());
  std::uint64_t at = current;
  while (at != walked_[number]) {
    // Only this reader frees lane segments: another epoch means that it was drained long ago.
    const SegmentDescriptor& descriptor = arena_.descriptor(segment_of(at));
    if (descriptor.use.load(std::memory_order_acquire) != SegmentUse::lane ||
        descriptor.epoch.load(std::memory_order_acquire) != at >> 32) {
      break;
    }
    if (!known_[segment_of(at)]) add(number, segment_of(at));
    const std::uint64_t previous = descriptor.previous.load(std::memory_order_acquire);
    const Place place = Place::unpacked(previous);
    if (previous == 0 || place.segment >= arena_.geometry().segments) break;
    at = std::uint64_t{place.epoch} << 32 | place.segment;
  }
  std::reverse(known.begin() + old_count, known.end());
  walked_[number] = current;
}

bool LaneReader::used_up(SegmentIndex segment) const noexcept {
  const SegmentDescriptor& descriptor = arena_.descriptor(segment);
  const std::uint32_t sealed = descriptor.sealed.load(std::memory_order_acquire);
  return sealed != not_sealed && descriptor.drained.load(std::memory_order_relaxed) >= sealed;
}

/// A lane keeps its full segment as current while no other can be had: that it goes back all the
/// same is what makes room. The epoch in `current` lets no writer mistake its next life for this.
void LaneReader::give_back(std::uint32_t number, std::size_t known) {
  const SegmentIndex segment = segments_[number][known];
  const SegmentDescriptor& descriptor = arena_.descriptor(segment);
  std::uint64_t current =
      std::uint64_t{descriptor.epoch.load(std::memory_order_relaxed)} << 32 | segment;
  const std::uint32_t lane = descriptor.lane.load(std::memory_order_relaxed);
  arena_.lane(lane).current.compare_exchange_strong(current, no_segment, std::memory_order_acq_rel);
  known_[segment] = false;
  segments_[number].erase(segments_[number].begin() + static_cast<std::ptrdiff_t>(known));
  arena_.give_back(segment);
}

std::uint32_t LaneReader::end_of(SegmentIndex segment) const noexcept {
  const SegmentDescriptor& descriptor = arena_.descriptor(segment);
  const std::uint32_t sealed = descriptor.sealed.load(std::memory_order_acquire);
  if (sealed != not_sealed) return std::min(sealed, segment_size);
  const auto reserved =
      static_cast<std::uint32_t>(descriptor.reserved.load(std::memory_order_acquire));
  return std::min(reserved, segment_size);
}

bool LaneReader::fill(SegmentIndex segment, Batch& batch, std::size_t limit) const {
  const std::uint32_t end = end_of(segment);
  const SegmentDescriptor& descriptor = arena_.descriptor(segment);
  const std::uint64_t first =
      Place{descriptor.epoch.load(std::memory_order_relaxed), segment, 0}.packed();
  std::byte* const bytes = arena_.bytes(segment);
  std::uint32_t offset = descriptor.drained.load(std::memory_order_relaxed);
  batch.segment = segment;
  batch.begin = offset;
  batch.records.clear();
  while (offset < end && batch.records.size() < limit) {
    const std::uint64_t place = first + offset / 8;
    if (const auto length = whole_length(bytes + offset, end - offset, secret_, place)) {
      auto* const record = reinterpret_cast<model::RecordHead*>(bytes + offset);
      // The commit word attests the place: an origin that was overwritten is mended by it.
      if (record->origin != place) [[unlikely]]
        record->origin = place;
      batch.records.push_back(record);
      offset += length;
    } else if (holes_ == Holes::wait) {
      break;
    } else {
      offset += 8;
    }
  }
  batch.end = offset;
  return batch.end > batch.begin;
}

bool LaneReader::next_batch(Batch& batch, std::size_t limit) {
  find_new_segments();
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const std::size_t number = (turn_ + i) % segments_.size();
    const std::vector<SegmentIndex>& known = segments_[number];
    for (std::size_t k = 0; k < known.size();) {
      if (used_up(known[k])) {
        give_back(static_cast<std::uint32_t>(number), k);
      } else if (fill(known[k], batch, limit)) {
        turn_ = number + 1;
        return true;
      } else {
        ++k;
      }
    }
  }
  return false;
}

void LaneReader::drained(const Batch& batch, std::size_t count) {
  std::uint32_t end = batch.end;
  if (count < batch.records.size()) {
    const auto* next = reinterpret_cast<const std::byte*>(batch.records[count]);
    end = static_cast<std::uint32_t>(next - arena_.bytes(batch.segment));
  }
  arena_.descriptor(batch.segment).drained.store(end, std::memory_order_release);
}

bool LaneReader::empty() {
  find_new_segments();
  for (const std::vector<SegmentIndex>& known : segments_) {
    for (const SegmentIndex segment : known) {
      if (arena_.descriptor(segment).drained.load(std::memory_order_relaxed) < end_of(segment)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace posthaste::arena

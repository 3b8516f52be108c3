#include "runtime/arena/lane.h"

#include <algorithm>

namespace posthaste::arena {
Reservation LaneWriter::reserve_elsewhere(std::uint32_t number, std::uint32_t length,
                                          std::uint32_t segment) const noexcept {
  LaneHead& lane = arena_.lane(number);
  const Claim claim = number == arena_.geometry().lanes ? Claim::failures : Claim::ordinary;
  for (;;) {
    std::uint32_t current = lane.current.load(std::memory_order_acquire);
    if (current == closed_lane) return {};
    if (current != segment) {  // somebody has installed another one
      segment = current;
      const Reservation room = reserve_in(current, length);
      if (room.bytes != nullptr) return room;
      continue;
    }
    const auto taken = arena_.take_segment(SegmentUse::installing, claim);
    if (!taken) return {};
    SegmentDescriptor& fresh = arena_.descriptor(*taken);
    fresh.lane.store(number, std::memory_order_relaxed);
    if (current != no_segment) {
      const std::uint32_t epoch = arena_.descriptor(current).epoch.load(std::memory_order_relaxed);
      fresh.previous.store(Place{epoch, current, 0}.packed(), std::memory_order_relaxed);
    }
    if (lane.current.compare_exchange_strong(current, *taken, std::memory_order_acq_rel)) {
      fresh.use.store(SegmentUse::lane, std::memory_order_release);
    } else {
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
  descriptor.use.store(SegmentUse::lane, std::memory_order_release);
  arena_.header().strays.fetch_add(1, std::memory_order_release);
}

void LaneWriter::close_all() const noexcept {
  for (std::uint32_t number = 0; number <= arena_.geometry().lanes; ++number) {
    const std::uint32_t last =
        arena_.lane(number).current.exchange(closed_lane, std::memory_order_acq_rel);
    if (last >= closed_lane) continue;
    SegmentDescriptor& segment = arena_.descriptor(last);
    const std::uint64_t before =
        segment.reserved.fetch_add(closed_offset, std::memory_order_acq_rel);
    const auto offset = static_cast<std::uint32_t>(before);
    if (offset <= segment_size) segment.sealed.store(offset, std::memory_order_release);
    arena_.header().strays.fetch_add(1, std::memory_order_release);
  }
}

LaneReader::LaneReader(const Arena& arena, Holes holes)
    : arena_(arena), secret_(arena.header().secret), holes_(holes) {
  segments_.resize(arena.geometry().lanes + 1);
  find_all_segments();
}

/// By the descriptors: for a new reader, and for segments that no lane's `current` leads to.
void LaneReader::find_all_segments() {
  strays_seen_ = arena_.header().strays.load(std::memory_order_acquire);
  for (SegmentIndex i = 0; i < arena_.geometry().segments; ++i) {
    const SegmentDescriptor& descriptor = arena_.descriptor(i);
    const SegmentUse use = descriptor.use.load(std::memory_order_acquire);
    const bool taken_up =
        use == SegmentUse::installing &&
        static_cast<std::uint32_t>(descriptor.reserved.load(std::memory_order_acquire)) != 0;
    if (use != SegmentUse::lane && !taken_up) continue;
    const std::uint32_t lane = descriptor.lane.load(std::memory_order_relaxed);
    if (lane >= segments_.size()) continue;
    std::vector<SegmentIndex>& known = segments_[lane];
    if (std::find(known.begin(), known.end(), i) == known.end()) known.push_back(i);
  }
}

void LaneReader::find_new_segments() {
  if (arena_.header().strays.load(std::memory_order_acquire) != strays_seen_) find_all_segments();
  for (std::uint32_t number = 0; number < segments_.size(); ++number) {
    std::vector<SegmentIndex>& known = segments_[number];
    std::uint32_t at = arena_.lane(number).current.load(std::memory_order_acquire);
    const auto old_count = static_cast<std::ptrdiff_t>(known.size());
    while (at < arena_.geometry().segments) {
      if (std::find(known.begin(), known.end(), at) != known.end()) break;
      known.push_back(at);
      const std::uint64_t previous = arena_.descriptor(at).previous.load(std::memory_order_acquire);
      const Place place = Place::unpacked(previous);
      if (previous == 0 || place.segment >= arena_.geometry().segments) break;
      // Only this reader frees lane segments: another epoch means that it was drained long ago.
      const SegmentDescriptor& before = arena_.descriptor(place.segment);
      if (before.use.load(std::memory_order_acquire) == SegmentUse::free ||
          before.epoch.load(std::memory_order_acquire) != place.epoch) {
        break;
      }
      at = place.segment;
    }
    std::reverse(known.begin() + old_count, known.end());
  }
}

std::uint32_t LaneReader::end_of(SegmentIndex segment) const noexcept {
  const SegmentDescriptor& descriptor = arena_.descriptor(segment);
  const std::uint32_t sealed = descriptor.sealed.load(std::memory_order_acquire);
  if (sealed != not_sealed) return std::min(sealed, segment_size);
  const auto reserved =
      static_cast<std::uint32_t>(descriptor.reserved.load(std::memory_order_acquire));
  return std::min(reserved, segment_size);
}

bool LaneReader::whole_at(SegmentIndex segment, std::uint32_t offset,
                          std::uint32_t end) const noexcept {
  if (end - offset < sizeof(model::RecordHead)) return false;
  auto& word = *reinterpret_cast<std::uint64_t*>(arena_.bytes(segment) + offset);
  const std::uint64_t commit = std::atomic_ref(word).load(std::memory_order_acquire);
  const auto length = static_cast<std::uint32_t>(commit);
  if (length < sizeof(model::RecordHead) || length > end - offset || length % 8 != 0) return false;
  const Place place{arena_.descriptor(segment).epoch.load(std::memory_order_relaxed), segment,
                    offset};
  return commit == commit_word(secret_, place.packed(), length);
}

bool LaneReader::fill(SegmentIndex segment, Batch& batch, std::size_t limit) const {
  const std::uint32_t end = end_of(segment);
  std::uint32_t offset = arena_.descriptor(segment).drained.load(std::memory_order_relaxed);
  batch.segment = segment;
  batch.begin = offset;
  batch.records.clear();
  while (offset < end && batch.records.size() < limit) {
    if (whole_at(segment, offset, end)) {
      const auto* record =
          reinterpret_cast<const model::RecordHead*>(arena_.bytes(segment) + offset);
      batch.records.push_back(record);
      offset += record->length();
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
    std::vector<SegmentIndex>& known = segments_[number];
    for (std::size_t k = 0; k < known.size();) {
      const SegmentDescriptor& descriptor = arena_.descriptor(known[k]);
      const std::uint32_t sealed = descriptor.sealed.load(std::memory_order_acquire);
      if (sealed != not_sealed && descriptor.drained.load(std::memory_order_relaxed) >= sealed) {
        arena_.give_back(known[k]);  // sealed after the last record had been drained
        known.erase(known.begin() + static_cast<std::ptrdiff_t>(k));
        continue;
      }
      if (fill(known[k], batch, limit)) {
        turn_ = number + 1;
        return true;
      }
      ++k;
    }
  }
  return false;
}

void LaneReader::drained(const Batch& batch) {
  arena_.descriptor(batch.segment).drained.store(batch.end, std::memory_order_release);
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

#include "runtime/arena/adoption.h"

#include "runtime/arena/bodies.h"
#include "runtime/arena/log.h"

#include <algorithm>

namespace posthaste::arena {
namespace {

constexpr std::uint64_t position_limit = std::uint64_t{1} << 62;
constexpr std::uint64_t slowest_tick = std::uint64_t{1'000'000} << 32;  // a millisecond

/// Makes one arena fit for use, step by step; each leaves it so that all can be done again.
class Preparation {
public:
  explicit Preparation(const Arena& arena) : arena_(arena), used_(arena.geometry().segments) {}

  AdoptionReport run() {
    mend_header();
    note_promised();
    mend_log();
    mend_lanes();
    count_lost();
    for (std::uint32_t i = 0; i < arena_.geometry().outputs; ++i) mend_output(i);
    count_bodies();
    keep_slots();
    rebuild_free_list();
    count_log_records();
    return report_;
  }

private:
  void mend_header();
  void note_promised();
  void mend_log();
  void mend_lanes();
  void seal_lane_segment(SegmentIndex segment);
  std::uint64_t readable_records(std::uint32_t output);
  void count_lost();
  void mend_output(std::uint32_t output);
  bool intact(const BodyEntry& entry) const;
  void mend_body(std::uint32_t output, BodyEntry& entry);
  void settle_replaced(std::uint32_t output);
  void count_bodies();
  void keep_slots();
  void rebuild_free_list();
  void count_log_records();

  Arena arena_;
  std::vector<bool> used_;                              // by segment
  std::array<std::uint64_t, most_outputs> promised_{};  // records in the log and not encoded
  std::uint64_t damaged_places_ = 0;                    // that one output meets, of the log
  bool between_counts_ = false;  // the tail may not yet have followed what the header counts
  AdoptionReport report_;
};

void Preparation::mend_header() {
  ArenaHeader& header = arena_.header();
  header.touched.store(arena_.usable_segments());
  header.scale_sequence.store(header.scale_sequence.load() & ~1u);
  if (header.scale.ns_per_tick_q32 > slowest_tick) header.scale.ns_per_tick_q32 = 0;
  header.store_directory.back() = '\0';
  for (std::uint32_t i = 0; i <= arena_.geometry().lanes; ++i) {
    arena_.lane(i).current.store(closed_lane);
    arena_.lane(i).free_slots.store(no_slot);
  }
}

/// What the dead process counted, before anything is mended.
void Preparation::note_promised() {
  const ArenaHeader& header = arena_.header();
  const std::uint64_t records = header.log_records.load();
  for (std::uint32_t i = 0; i < arena_.geometry().outputs; ++i) {
    const std::uint64_t encoded = arena_.output(i).encoded_records.load();
    promised_[i] = records > encoded ? records - encoded : 0;
  }
  between_counts_ = header.sampler_step.load() == header.log_tail.load();
}

/// What a batcher will find.
std::uint64_t Preparation::readable_records(std::uint32_t output) {
  LogCursor cursor = LogCursor::unencoded(arena_, output);
  std::uint64_t records = 0;
  while (cursor.next() != nullptr) ++records;
  damaged_places_ = std::max(damaged_places_, cursor.damaged());
  return records;
}

/// What was promised and is not there. Where nothing is seen to be damaged, and the process died
/// when it may have counted records that are still in their lanes, the counts are no evidence.
void Preparation::count_lost() {
  std::array<std::uint64_t, most_outputs> found{};
  const std::uint32_t outputs = arena_.geometry().outputs;
  for (std::uint32_t i = 0; i < outputs; ++i) found[i] = readable_records(i);
  report_.damaged_log_places += static_cast<std::uint32_t>(damaged_places_);
  if (between_counts_ && report_.damaged_log_places == 0) return;
  const std::uint64_t room = std::uint64_t{arena_.usable_segments()} * segment_size;
  const std::uint64_t most = room / sizeof(model::RecordHead);
  for (std::uint32_t i = 0; i < outputs; ++i) {
    const std::uint64_t promised = std::min(promised_[i], most);
    if (promised > found[i]) report_.corrupt_records[i] += promised - found[i];
  }
}

/// Tail and head, and which segments between them are the log's.
void Preparation::mend_log() {
  ArenaHeader& header = arena_.header();
  const std::uint64_t most = std::uint64_t{arena_.geometry().segments} * segment_size;
  std::uint64_t tail = header.log_tail.load();
  std::uint64_t head = header.log_head.load() / segment_size * segment_size;
  if (head > tail && head - tail < segment_size) tail = head;  // both were about to be there
  if (tail > position_limit || head > tail || tail - head > most || tail % 8 != 0) {
    tail = head = std::min(tail, position_limit) / segment_size * segment_size;
    ++report_.damaged_log_places;
  }
  header.log_tail.store(tail);
  header.log_head.store(head);
  header.sampler_step.store(std::clamp(header.sampler_step.load(), head, tail));
  for (std::uint64_t position = head; position < tail; position += segment_size) {
    const std::uint64_t ordinal = position / segment_size;
    const SegmentIndex segment = arena_.log_ring()[ordinal % arena_.geometry().segments];
    if (segment >= arena_.usable_segments()) continue;
    const SegmentDescriptor& descriptor = arena_.descriptor(segment);
    if (descriptor.use.load() == SegmentUse::log && descriptor.log_ordinal.load() == ordinal) {
      used_[segment] = true;
    }
  }
  // A cursor does not tell a segment that is not the log's from one that has changed hands.
  for (SegmentIndex i = 0; i < arena_.geometry().segments; ++i) {
    SegmentDescriptor& descriptor = arena_.descriptor(i);
    if (descriptor.use.load() == SegmentUse::log && !used_[i]) {
      descriptor.use.store(SegmentUse::free);
    }
  }
}

void Preparation::mend_lanes() {
  repair_lanes_after_step(arena_);
  for (SegmentIndex i = 0; i < arena_.usable_segments(); ++i) {
    if (arena_.descriptor(i).use.load() == SegmentUse::lane) seal_lane_segment(i);
  }
}

void Preparation::seal_lane_segment(SegmentIndex segment) {
  SegmentDescriptor& descriptor = arena_.descriptor(segment);
  const auto low = static_cast<std::uint32_t>(descriptor.reserved.load());
  std::uint32_t end = low >= closed_offset ? low - closed_offset : low;
  end = std::min({end, descriptor.sealed.load(), segment_size}) & ~7u;
  const std::uint32_t drained = (std::min(descriptor.drained.load(), segment_size) + 7) & ~7u;
  descriptor.sealed.store(end);
  descriptor.drained.store(drained);
  descriptor.reserved.store(std::uint64_t{descriptor.epoch.load()} << 32 | (closed_offset + end));
  if (descriptor.lane.load() > arena_.geometry().lanes) descriptor.lane.store(0);
  used_[segment] = drained < end;
}

bool Preparation::intact(const BodyEntry& entry) const {
  if (entry.piece_count == 0 || entry.piece_count > pieces_per_body) return false;
  std::uint64_t size = 0;
  for (std::uint32_t i = 0; i < entry.piece_count; ++i) {
    const BodyPiece& piece = entry.pieces[i];
    if (piece.segment >= arena_.usable_segments() || used_[piece.segment] ||
        arena_.descriptor(piece.segment).use.load() != SegmentUse::bodies) {
      return false;
    }
    const std::uint32_t offset = piece.offset_words * 8u;
    if (offset >= segment_size || piece.size == 0 || piece.size > segment_size - offset) {
      return false;
    }
    size += piece.size;
  }
  return size == std::uint64_t{entry.body_size} + entry.map_size &&
         entry.extent_begin <= entry.extent_end &&
         entry.extent_end <= arena_.header().log_tail.load() && entry.batch != 0 &&
         entry.batch < position_limit && body_crc(arena_, entry) == entry.crc;
}

void Preparation::mend_body(std::uint32_t output, BodyEntry& entry) {
  const BodyState state = entry.state.load();
  if (state == BodyState::filling) entry.extent_begin = entry.extent_end = 0;
  if (state == BodyState::free || state == BodyState::filling) {
    entry.state.store(BodyState::free);
    return;
  }
  if (!intact(entry)) {
    ++report_.corrupt_bodies;
    report_.corrupt_records[output] += std::min<std::uint64_t>(entry.records, most_in_a_body);
    entry.state.store(BodyState::free);
    return;
  }
  if (state == BodyState::in_flight) {
    ++report_.bodies_in_flight;
    report_.records_in_flight += entry.records;
  }
  entry.state.store(BodyState::ready);
}

/// Entries and cursor. Only what lies below the tail can have been encoded.
void Preparation::mend_output(std::uint32_t output) {
  OutputHead& head = arena_.output(output);
  std::uint64_t encoded = head.encoded_up_to.load();
  std::uint64_t last_batch = std::min(head.next_batch.load(), position_limit);
  for (BodyIndex i = 0; i < bodies_per_output; ++i) {
    BodyEntry& entry = arena_.body(output, i);
    mend_body(output, entry);
    if (entry.extent_end <= arena_.header().log_tail.load()) {
      encoded = std::max(encoded, entry.extent_end);
    }
    if (entry.state.load() != BodyState::free) last_batch = std::max(last_batch, entry.batch);
  }
  const ArenaHeader& header = arena_.header();
  head.encoded_up_to.store(std::clamp(encoded, header.log_head.load(), header.log_tail.load()) / 8 *
                           8);
  head.next_batch.store(last_batch);
  settle_replaced(output);
  for (std::uint32_t i = 0; i < bodies_per_output; ++i) {
    BodyEntry& entry = arena_.body(output, i);
    if (entry.state.load() == BodyState::free) entry.extent_begin = entry.extent_end = 0;
  }
  for (auto& segment : head.body_segment) segment.store(no_segment);
}

void Preparation::settle_replaced(std::uint32_t output) {
  for (BodyIndex i = 0; i < bodies_per_output; ++i) {
    const BodyEntry& remainder = arena_.body(output, i);
    if (remainder.state.load() == BodyState::free || remainder.replaces == 0) continue;
    for (BodyIndex k = 0; k < bodies_per_output; ++k) {
      BodyEntry& entry = arena_.body(output, k);
      if (entry.batch == remainder.replaces) entry.state.store(BodyState::free);
    }
  }
}

/// `live` of body segments, and the records in bodies, by the entries.
void Preparation::count_bodies() {
  for (SegmentIndex i = 0; i < arena_.geometry().segments; ++i) {
    SegmentDescriptor& descriptor = arena_.descriptor(i);
    if (descriptor.use.load() == SegmentUse::bodies) descriptor.live.store(0);
  }
  for (std::uint32_t output = 0; output < arena_.geometry().outputs; ++output) {
    std::uint64_t records = 0;
    for (BodyIndex i = 0; i < bodies_per_output; ++i) {
      const BodyEntry& entry = arena_.body(output, i);
      if (entry.state.load() == BodyState::free) continue;
      records += entry.records;
      ++report_.bodies;
      for (std::uint32_t k = 0; k < entry.piece_count; ++k) {
        const SegmentIndex segment = entry.pieces[k].segment;
        arena_.descriptor(segment).live.fetch_add(1);
        used_[segment] = true;
      }
    }
    arena_.output(output).body_records.store(records);
    report_.records_in_bodies += records;
  }
}

/// Open spans are told from ended ones while the lanes are as the dead process left them.
void Preparation::keep_slots() {
  close_ended_spans(arena_);
  std::uint32_t count = 0;
  for (SegmentIndex i = 0; i < arena_.usable_segments(); ++i) {
    if (arena_.descriptor(i).use.load() != SegmentUse::slots) continue;
    used_[i] = true;
    ++count;
  }
  arena_.header().slot_segments.store(count);
}

void Preparation::rebuild_free_list() {
  ArenaHeader& header = arena_.header();
  header.free_list.store(no_segment);
  header.free_count.store(0);
  for (SegmentIndex i = arena_.geometry().segments; i-- > 0;) {
    SegmentDescriptor& descriptor = arena_.descriptor(i);
    if (used_[i]) continue;
    if (descriptor.use.load() > SegmentUse::bodies) ++report_.unusable_segments;
    descriptor.use.store(SegmentUse::free);
    const std::uint64_t epoch = descriptor.epoch.load();
    descriptor.reserved.store(epoch << 32 | closed_offset);
    if (i < arena_.usable_segments()) arena_.give_back(i);
  }
}

/// log_records and encoded_records matter by their difference only.
void Preparation::count_log_records() {
  std::array<std::uint64_t, most_outputs> found{};
  const std::uint32_t outputs = arena_.geometry().outputs;
  for (std::uint32_t i = 0; i < outputs; ++i) found[i] = readable_records(i);
  const std::uint64_t most = *std::max_element(found.begin(), found.end());
  arena_.header().log_records.store(most);
  for (std::uint32_t i = 0; i < outputs; ++i) {
    arena_.output(i).encoded_records.store(most - found[i]);
  }
}

}  // namespace

AdoptionReport prepare(const Arena& arena) {
  return Preparation(arena).run();
}

Result<Orphan> Orphan::open(OrphanFile file) {
  const std::optional<OrphanHead> head = read_orphan_head(file);
  if (!head || !head->same_format || !head->whole) {
    return Error(ErrorCode::arena_foreign, file.path + ": not an arena of this version");
  }
  const std::size_t populated =
      Arena::tables_size(head->geometry) + std::size_t{head->touched} * segment_size;
  auto region = Region::adopt(file.descriptor.give(), std::move(file.path), file.size, populated);
  if (!region) return region.error();
  const auto arena = Arena::open(region->memory());
  if (!arena) return arena.error();
  const AdoptionReport report = prepare(*arena);
  return Orphan(std::move(*region), *arena, report);
}

}  // namespace posthaste::arena

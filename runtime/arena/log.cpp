#include "runtime/arena/log.h"

#include "runtime/arena/open_spans.h"

#include <algorithm>

namespace posthaste::arena {
namespace {

constexpr std::uint64_t ordinal_of(std::uint64_t position) noexcept {
  return position / segment_size;
}
constexpr std::uint32_t offset_of(std::uint64_t position) noexcept {
  return static_cast<std::uint32_t>(position % segment_size);
}

std::atomic_ref<std::uint32_t> ring_entry(const Arena& arena, std::uint64_t ordinal) noexcept {
  return std::atomic_ref(arena.log_ring()[ordinal % arena.geometry().segments]);
}

/// The segment of that ordinal, or no_segment if ring and descriptor do not agree.
SegmentIndex log_segment(const Arena& arena, std::uint64_t ordinal) noexcept {
  const SegmentIndex segment = ring_entry(arena, ordinal).load(std::memory_order_relaxed);
  if (segment >= arena.geometry().segments) return no_segment;
  const SegmentDescriptor& descriptor = arena.descriptor(segment);
  const bool agreed = descriptor.use.load(std::memory_order_relaxed) == SegmentUse::log &&
                      descriptor.log_ordinal.load(std::memory_order_relaxed) == ordinal;
  return agreed ? segment : no_segment;
}

}  // namespace

LogWriter::LogWriter(const Arena& arena) noexcept
    : arena_(arena),
      secret_(arena.header().secret),
      position_(arena.header().log_tail.load(std::memory_order_relaxed)) {
  give_back_others();
  if (offset_of(position_) != 0) segment_ = log_segment(arena_, ordinal_of(position_));
  if (segment_ != no_segment) {
    arena_.descriptor(segment_).sealed.store(not_sealed, std::memory_order_relaxed);
  }
  recount();
}

/// Segments that an earlier writer took and did not publish, or trimmed and did not give back.
void LogWriter::give_back_others() noexcept {
  const std::uint64_t first = ordinal_of(arena_.header().log_head.load(std::memory_order_relaxed));
  const std::uint64_t end = ordinal_of(position_ + segment_size - 1);
  for (SegmentIndex i = 0; i < arena_.usable_segments(); ++i) {
    const SegmentDescriptor& descriptor = arena_.descriptor(i);
    if (descriptor.use.load(std::memory_order_relaxed) != SegmentUse::log) continue;
    const std::uint64_t ordinal = descriptor.log_ordinal.load(std::memory_order_relaxed);
    if (ordinal < first || ordinal >= end) arena_.give_back(i);
  }
}

void LogWriter::recount() noexcept {
  const std::uint64_t begin = position_ - offset_of(position_);
  std::uint32_t in_last = 0;
  LogCursor cursor(arena_, begin);
  while (const model::RecordHead* record = cursor.next()) {
    if (record->type == model::RecordType::log) in_last += record->length();
  }
  std::uint64_t bytes = 0;
  for (SegmentIndex i = 0; i < arena_.usable_segments(); ++i) {
    SegmentDescriptor& descriptor = arena_.descriptor(i);
    if (descriptor.use.load(std::memory_order_relaxed) != SegmentUse::log) continue;
    if (i == segment_) descriptor.live.store(in_last, std::memory_order_relaxed);
    bytes += descriptor.live.load(std::memory_order_relaxed);
  }
  arena_.header().log_record_bytes.store(bytes, std::memory_order_relaxed);
}

void LogWriter::begin_step() noexcept {
  ArenaHeader& header = arena_.header();
  header.sampler_step.store(header.log_tail.load(std::memory_order_relaxed),
                            std::memory_order_relaxed);
}

bool LogWriter::take_segment() noexcept {
  const auto taken = arena_.take_segment(SegmentUse::log, Claim::log);
  if (!taken) return false;
  const std::uint64_t ordinal = ordinal_of(position_);
  arena_.descriptor(*taken).log_ordinal.store(ordinal, std::memory_order_relaxed);
  ring_entry(arena_, ordinal).store(*taken, std::memory_order_relaxed);
  segment_ = *taken;
  return true;
}

/// For `length` bytes at position_, in another segment if need be.
bool LogWriter::find_room(std::uint32_t length) noexcept {
  if (segment_ != no_segment) {
    if (offset_of(position_) + length <= segment_size) [[likely]]
      return true;
    arena_.descriptor(segment_).sealed.store(offset_of(position_), std::memory_order_relaxed);
    segment_ = no_segment;
  }
  position_ = ordinal_of(position_ + segment_size - 1) * segment_size;
  if (take_segment()) return true;
  trim();
  return take_segment();
}

/// Behind what was written; `logs`: bytes of it that are log records.
void LogWriter::went_on(std::uint32_t length, std::uint64_t records, std::uint32_t logs) noexcept {
  if (logs > 0) {
    arena_.descriptor(segment_).live.fetch_add(logs, std::memory_order_relaxed);
    arena_.header().log_record_bytes.fetch_add(logs, std::memory_order_relaxed);
  }
  position_ += length;
  new_records_ += records;
  if (offset_of(position_) == 0) segment_ = no_segment;
}

bool LogWriter::append(const model::RecordHead& record) noexcept {
  const std::uint32_t length = record.length();
  if (length < sizeof record || length > segment_size || length % 8 != 0) return false;
  if (!find_room(length)) return false;
  std::byte* const to = arena_.bytes(segment_) + offset_of(position_);
  const std::uint64_t commit = commit_word(secret_, record.origin, length);
  std::memcpy(to, &commit, sizeof commit);
  std::memcpy(to + sizeof commit, reinterpret_cast<const std::byte*>(&record) + sizeof commit,
              length - sizeof commit);
  went_on(length, 1, record.type == model::RecordType::log ? length : 0);
  return true;
}

std::size_t LogWriter::append(std::span<const model::RecordHead* const> records) noexcept {
  std::size_t count = 0;
  while (count < records.size() && find_room(records[count]->length())) {
    const auto* const from = reinterpret_cast<const std::byte*>(records[count]);
    const std::uint32_t room = segment_size - offset_of(position_);
    const std::size_t before = count;
    std::uint32_t size = 0;
    std::uint32_t logs = 0;
    for (; count < records.size(); ++count) {
      const model::RecordHead& record = *records[count];
      const std::uint32_t length = record.length();
      const bool beside = reinterpret_cast<const std::byte*>(&record) == from + size;
      if (!beside || length > room - size) break;
      if (record.type == model::RecordType::log) logs += length;
      size += length;
    }
    if (size == 0) break;  // a length that was sound a moment ago
    std::memcpy(arena_.bytes(segment_) + offset_of(position_), from, size);
    went_on(size, count - before, logs);
  }
  return count;
}

void LogWriter::publish() noexcept {
  if (new_records_ == 0) return;
  ArenaHeader& header = arena_.header();
  header.log_records.fetch_add(new_records_, std::memory_order_relaxed);
  header.log_tail.store(position_, std::memory_order_release);
  new_records_ = 0;
}

/// Where the writer waits for a segment and every output has encoded up to the tail, the tail's own
/// segment goes too: it would be the one that all wait for.
void LogWriter::trim() noexcept {
  ArenaHeader& header = arena_.header();
  std::uint64_t slowest = header.log_tail.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < arena_.geometry().outputs; ++i) {
    slowest = std::min(slowest, arena_.output(i).encoded_up_to.load(std::memory_order_acquire));
  }
  const std::uint64_t tail = header.log_tail.load(std::memory_order_relaxed);
  const bool waits_for_segment = segment_ == no_segment && new_records_ == 0 && position_ > tail;
  const bool tail_too = waits_for_segment && slowest == tail;
  if (tail_too) slowest = position_;
  const std::uint64_t first = ordinal_of(header.log_head.load(std::memory_order_relaxed));
  const std::uint64_t end = ordinal_of(slowest);
  if (end <= first) return;
  // The head first: who sees the tail beyond a segment that goes, sees the head there as well.
  header.log_head.store(end * segment_size, std::memory_order_release);
  if (tail_too) header.log_tail.store(position_, std::memory_order_release);
  for (std::uint64_t ordinal = first; ordinal < end; ++ordinal) {
    const SegmentIndex segment = log_segment(arena_, ordinal);
    if (segment == no_segment) continue;
    header.log_record_bytes.fetch_sub(
        arena_.descriptor(segment).live.load(std::memory_order_relaxed), std::memory_order_relaxed);
    arena_.give_back(segment);
  }
}

LogCursor::LogCursor(const Arena& arena, std::uint64_t position) noexcept
    : arena_(arena), secret_(arena.header().secret), position_(position) {
  const std::uint64_t tail = arena.header().log_tail.load(std::memory_order_acquire);
  const std::uint64_t most = std::uint64_t{arena.geometry().segments} * segment_size;
  position_ = std::max({position_, arena.header().log_head.load(std::memory_order_acquire),
                        tail > most ? ordinal_of(tail - most) * segment_size : 0});
}

LogCursor LogCursor::unencoded(const Arena& arena, std::uint32_t output) noexcept {
  return {arena, arena.output(output).encoded_up_to.load(std::memory_order_acquire)};
}

void LogCursor::skip_segment() noexcept {
  position_ = (ordinal_of(position_) + 1) * segment_size;
  readable_up_to_ = 0;
}

/// Goes on where something is published, past sealed ends and what makes no sense.
bool LogCursor::find_readable() noexcept {
  const std::uint64_t tail = arena_.header().log_tail.load(std::memory_order_acquire);
  if (position_ < tail) {
    position_ = std::max(position_, arena_.header().log_head.load(std::memory_order_relaxed));
  }
  for (; position_ < tail; skip_segment()) {
    const std::uint64_t ordinal = ordinal_of(position_);
    const SegmentIndex segment = log_segment(arena_, ordinal);
    if (segment == no_segment || position_ % 8 != 0) {
      ++damaged_;
      continue;
    }
    std::uint32_t end = offset_of(tail);
    if (ordinal < ordinal_of(tail)) {
      const std::uint32_t sealed =
          arena_.descriptor(segment).sealed.load(std::memory_order_relaxed);
      end = std::min(sealed, segment_size);  // one that was filled to its last byte is not sealed
    }
    if (offset_of(position_) >= end) continue;
    segment_ = arena_.bytes(segment);
    readable_up_to_ = ordinal * segment_size + end;
    return true;
  }
  return false;
}

void repair_lanes_after_step(const Arena& arena) noexcept {
  LogCursor cursor(arena, arena.header().sampler_step.load(std::memory_order_relaxed));
  while (const model::RecordHead* record = cursor.next()) {
    const Place origin = Place::unpacked(record->origin);
    if (origin.segment >= arena.geometry().segments) continue;
    SegmentDescriptor& descriptor = arena.descriptor(origin.segment);
    const SegmentUse use = descriptor.use.load(std::memory_order_acquire);
    if (use == SegmentUse::slots) close_open_span(arena, record->origin);
    if (use != SegmentUse::lane ||
        descriptor.epoch.load(std::memory_order_relaxed) != origin.epoch) {
      continue;
    }
    const std::uint32_t end = std::min(origin.offset + record->length(), segment_size);
    if (descriptor.drained.load(std::memory_order_relaxed) < end) {
      descriptor.drained.store(end, std::memory_order_relaxed);
    }
  }
}

std::uint64_t resident_records(const Arena& arena, std::uint32_t output) noexcept {
  const OutputHead& head = arena.output(output);
  const std::uint64_t encoded = head.encoded_records.load(std::memory_order_acquire);
  const std::uint64_t in_bodies = head.body_records.load(std::memory_order_acquire);
  const std::uint64_t records = arena.header().log_records.load(std::memory_order_acquire);
  return (records > encoded ? records - encoded : 0) + in_bodies;
}

}  // namespace posthaste::arena

#include "runtime/arena/bodies.h"

#include "runtime/base/crc32c.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace posthaste::arena {
namespace {

using Pieces = std::span<const BodyPiece>;

Pieces pieces_of(const BodyEntry& entry) noexcept {
  return {entry.pieces.data(), std::min(entry.piece_count, pieces_per_body)};
}

std::byte* bytes_of(const Arena& arena, const BodyPiece& piece) noexcept {
  return arena.bytes(piece.segment) + std::size_t{piece.offset_words} * 8;
}

/// Whoever takes the last one, the writer's own hold included, gives the segment back.
void leave_segment(const Arena& arena, SegmentIndex segment) noexcept {
  if (segment >= arena.geometry().segments) return;
  if (arena.descriptor(segment).live.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    arena.give_back(segment);
  }
}

void leave_pieces(const Arena& arena, Pieces pieces) noexcept {
  for (const BodyPiece& piece : pieces) leave_segment(arena, piece.segment);
}

bool in_custody(BodyState state) noexcept {
  return state == BodyState::ready || state == BodyState::in_flight || state == BodyState::storing;
}

/// The first `size` bytes of `pieces`, which begin `skip` bytes into them.
std::vector<std::span<const std::byte>> stretch(const Arena& arena, Pieces pieces,
                                                std::uint32_t skip, std::uint32_t size) {
  std::vector<std::span<const std::byte>> spans;
  for (const BodyPiece& piece : pieces) {
    if (skip >= piece.size) {
      skip -= piece.size;
      continue;
    }
    const std::uint32_t part = std::min(piece.size - skip, size);
    if (part == 0) break;
    spans.emplace_back(bytes_of(arena, piece) + skip, part);
    size -= part;
    skip = 0;
  }
  return spans;
}

}  // namespace

BodyDraft::BodyDraft(const Arena& arena, BodyEntry& entry, BodyIndex index,
                     std::uint32_t size) noexcept
    : arena_(arena), entry_(&entry), index_(index), size_(size) {}

BodyDraft::BodyDraft(BodyDraft&& other) noexcept
    : arena_(other.arena_),
      entry_(std::exchange(other.entry_, nullptr)),
      index_(other.index_),
      size_(other.size_),
      written_(other.written_),
      piece_(other.piece_),
      piece_used_(other.piece_used_) {}

BodyDraft::~BodyDraft() {
  if (entry_ == nullptr) return;
  leave_pieces(arena_, pieces_of(*entry_));
  entry_->state.store(BodyState::free, std::memory_order_release);
}

bool BodyDraft::write(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() > size_ - written_) return false;
  written_ += static_cast<std::uint32_t>(bytes.size());
  while (!bytes.empty()) {
    const BodyPiece& piece = entry_->pieces[piece_];
    const std::size_t part = std::min<std::size_t>(bytes.size(), piece.size - piece_used_);
    std::memcpy(bytes_of(arena_, piece) + piece_used_, bytes.data(), part);
    bytes = bytes.subspan(part);
    piece_used_ += static_cast<std::uint32_t>(part);
    if (piece_used_ == piece.size) {
      ++piece_;
      piece_used_ = 0;
    }
  }
  return true;
}

BodyWriter::BodyWriter(const Arena& arena, std::uint32_t output, BodyAuthor author) noexcept
    : arena_(arena),
      head_(&arena.output(output)),
      output_(output),
      author_(static_cast<std::size_t>(author)) {}

/// A free entry whose extent the cursor has not passed yet was settled at once: it says how far the
/// cursor must go if the process dies now.
std::optional<BodyIndex> BodyWriter::take_entry() noexcept {
  const std::uint64_t passed = head_->encoded_up_to.load(std::memory_order_relaxed);
  for (BodyIndex i = 0; i < bodies_per_output; ++i) {
    BodyEntry& entry = arena_.body(output_, i);
    BodyState state = BodyState::free;
    if (!entry.state.compare_exchange_strong(state, BodyState::filling,
                                             std::memory_order_acquire)) {
      continue;
    }
    if (entry.extent_end <= passed) return i;
    entry.state.store(BodyState::free, std::memory_order_release);
  }
  return std::nullopt;
}

bool BodyWriter::take_segment() noexcept {
  const auto taken = arena_.take_segment(SegmentUse::bodies, Claim::bodies);
  if (!taken) return false;
  let_go();
  arena_.descriptor(*taken).live.store(1, std::memory_order_relaxed);
  head_->body_used[author_].store(0, std::memory_order_relaxed);
  head_->body_segment[author_].store(*taken, std::memory_order_release);
  return true;
}

void BodyWriter::let_go() noexcept {
  const SegmentIndex segment =
      head_->body_segment[author_].exchange(no_segment, std::memory_order_relaxed);
  if (segment != no_segment) leave_segment(arena_, segment);
}

bool BodyWriter::take_pieces(BodyEntry& entry, std::uint32_t bytes) noexcept {
  entry.piece_count = 0;
  std::uint32_t used = head_->body_used[author_].load(std::memory_order_relaxed);
  while (bytes > 0) {
    SegmentIndex segment = head_->body_segment[author_].load(std::memory_order_relaxed);
    if (segment != no_segment &&
        arena_.descriptor(segment).live.load(std::memory_order_acquire) == 1) {
      used = 0;  // all bodies in it are settled
    }
    if (segment == no_segment || used >= segment_size) {
      if (!take_segment()) {
        leave_pieces(arena_, pieces_of(entry));
        return false;
      }
      segment = head_->body_segment[author_].load(std::memory_order_relaxed);
      used = 0;
    }
    const std::uint32_t part = std::min(bytes, segment_size - used);
    entry.pieces[entry.piece_count++] = {static_cast<std::uint16_t>(segment),
                                         static_cast<std::uint16_t>(used / 8), part};
    arena_.descriptor(segment).live.fetch_add(1, std::memory_order_relaxed);
    bytes -= part;
    used += (part + 7) & ~7u;
    head_->body_used[author_].store(used, std::memory_order_relaxed);
  }
  return true;
}

std::optional<BodyDraft> BodyWriter::allocate(std::uint32_t bytes) noexcept {
  if (bytes == 0 || bytes > size_limit) return std::nullopt;
  const std::optional<BodyIndex> index = take_entry();
  if (!index) return std::nullopt;
  BodyEntry& entry = arena_.body(output_, *index);
  entry.extent_begin = entry.extent_end = 0;
  if (!take_pieces(entry, bytes)) {
    entry.state.store(BodyState::free, std::memory_order_release);
    return std::nullopt;
  }
  return BodyDraft(arena_, entry, *index, bytes);
}

BodyIndex BodyWriter::make_ready(BodyDraft& draft, const BodyFacts& facts,
                                 std::uint64_t replaces) noexcept {
  BodyEntry& entry = *draft.entry_;
  entry.records = facts.records;
  entry.items = facts.items;
  entry.map_size = std::min(facts.map_size, draft.size_);
  entry.body_size = draft.size_ - entry.map_size;
  entry.attempts.store(0, std::memory_order_relaxed);
  entry.crc = body_crc(arena_, entry);
  entry.batch = head_->next_batch.fetch_add(1, std::memory_order_relaxed) + 1;
  entry.extent_begin = facts.extent_begin;
  entry.extent_end = facts.extent_end;
  entry.created_wall_ns = facts.created.time_since_epoch().count();
  entry.replaces = replaces;
  entry.kind = facts.kind;
  head_->body_records.fetch_add(facts.records, std::memory_order_relaxed);
  entry.state.store(BodyState::ready, std::memory_order_release);
  draft.entry_ = nullptr;
  return draft.index_;
}

BodyIndex BodyWriter::publish(BodyDraft draft, const BodyFacts& facts) noexcept {
  const BodyIndex index = make_ready(draft, facts, 0);
  const bool moves_cursor = author_ == static_cast<std::size_t>(BodyAuthor::batcher);
  if (moves_cursor) skip(facts.extent_end, facts.extent_records);
  return index;
}

void BodyWriter::skip(std::uint64_t extent_end, std::uint32_t extent_records) noexcept {
  head_->encoded_records.fetch_add(extent_records, std::memory_order_release);
  head_->encoded_up_to.store(extent_end, std::memory_order_release);
}

BodyIndex BodyWriter::replace(BodyIndex old, BodyDraft draft, BodyFacts facts) noexcept {
  BodyTable table(arena_, output_);
  const BodyEntry& replaced = table.entry(old);
  facts.extent_begin = replaced.extent_begin;
  facts.extent_end = replaced.extent_end;
  const BodyIndex index = make_ready(draft, facts, replaced.batch);
  table.settle(old);
  return index;
}

std::vector<BodyIndex> BodyTable::unsettled() {
  std::vector<BodyIndex> all;
  std::vector<std::uint64_t> replaced;
  for (BodyIndex i = 0; i < bodies_per_output; ++i) {
    if (!in_custody(state(i))) continue;
    all.push_back(i);
    if (entry(i).replaces != 0) replaced.push_back(entry(i).replaces);
  }
  std::erase_if(all, [&](BodyIndex i) {
    return std::find(replaced.begin(), replaced.end(), entry(i).batch) != replaced.end() &&
           settle(i);
  });
  std::sort(all.begin(), all.end(),
            [this](BodyIndex a, BodyIndex b) { return entry(a).batch < entry(b).batch; });
  return all;
}

BodyBytes BodyTable::bytes(BodyIndex index) const {
  const BodyEntry& body = entry(index);
  return {stretch(arena_, pieces_of(body), 0, body.body_size),
          stretch(arena_, pieces_of(body), body.body_size, body.map_size)};
}

BodyState BodyTable::state(BodyIndex index) const noexcept {
  return entry(index).state.load(std::memory_order_acquire);
}

void BodyTable::set_state(BodyIndex index, BodyState state) noexcept {
  arena_.body(output_, index).state.store(state, std::memory_order_release);
}

std::uint32_t BodyTable::count_attempt(BodyIndex index) noexcept {
  return arena_.body(output_, index).attempts.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool BodyTable::settle(BodyIndex index) noexcept {
  BodyEntry& body = arena_.body(output_, index);
  if (!in_custody(body.state.load(std::memory_order_acquire))) return false;
  // Once it is free, the batcher may fill it again: what is needed is copied before.
  const std::array<BodyPiece, pieces_per_body> pieces = body.pieces;
  const std::size_t count = pieces_of(body).size();
  const std::uint32_t records = body.records;
  body.state.store(BodyState::free, std::memory_order_release);
  arena_.output(output_).body_records.fetch_sub(records, std::memory_order_release);
  leave_pieces(arena_, Pieces(pieces).first(count));
  return true;
}

std::uint32_t body_crc(const Arena& arena, const BodyEntry& entry) noexcept {
  std::uint32_t crc = 0;
  for (const BodyPiece& piece : pieces_of(entry)) {
    crc = crc32c({bytes_of(arena, piece), piece.size}, crc);
  }
  return crc;
}

}  // namespace posthaste::arena

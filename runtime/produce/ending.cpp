// How a span ends: its record goes into a lane, its slot home.

#include "runtime/model/record_times.h"
#include "runtime/produce/entry_writer.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

namespace posthaste::produce {
namespace {

constexpr std::uint32_t commit_size = sizeof(model::RecordHead::commit);
/// Of all the arena's segments one in so many may lie with threads as spare slots: an eighth of
/// what slots may take.
constexpr std::uint32_t slot_part_of_spares = 32;

// The operation's name behind an image: none, a copy of the root's, or the slot's own.
struct NoName {};
constexpr std::uint32_t size_of(NoName) noexcept {
  return 0;
}
void put_entry(NoName, std::byte*) noexcept {}

std::uint32_t size_of(const OperationName& name) noexcept {
  return name.size;
}
void put_entry(const OperationName& name, std::byte* to) noexcept {
  put_text_entry(FlatSink{to}, model::EntryKind::operation_name, name.view());
}

std::uint32_t size_of(const arena::OperationCell& cell) noexcept {
  return cell.size.load(std::memory_order_relaxed);
}
/// Of a cell that this thread writes, if any does.
[[gnu::always_inline]] inline void put_entry(const arena::OperationCell& cell,
                                             std::byte* to) noexcept {
  const std::uint32_t size = size_of(cell);
  const model::EntryHead head{model::EntryKind::operation_name, 0, 0, size};
  std::memcpy(to, &head, sizeof head);
  const std::atomic<std::uint64_t>* from = cell.words.data();
  for (const std::byte* const end = to + model::padded(size); to < end;) {
    const std::uint64_t word = (from++)->load(std::memory_order_relaxed);
    to += sizeof word;
    std::memcpy(to, &word, sizeof word);
  }
}

}  // namespace

[[gnu::noinline]] void Producer::copy_chained(arena::Slot& slot, std::byte* to) const noexcept {
  span(slot).copy_chain(commit_size, to);
}

/// Copies the image into the lane; behind it the operation's name, if the record is to say it.
template <class Operation>
[[gnu::always_inline]] inline void Producer::commit_image(arena::Slot& slot, std::uint32_t lane,
                                                          const Operation& operation) noexcept {
  auto& record = *reinterpret_cast<model::RecordHead*>(slot.image.data());
  const std::uint32_t image = slot.head.used.load(std::memory_order_relaxed);
  const std::uint32_t operation_size = size_of(operation);
  const std::uint32_t length = image + (operation_size != 0 ? entry_size(operation_size) : 0);
  const arena::Reservation room = reserve(lane, length, (slot.head.flags & slot_flag::failed) != 0);
  if (room.bytes == nullptr) [[unlikely]] {
    refuse_for_room((record.flags & model::record_flag::measured) != 0);
    return;
  }
  record.origin = room.place;
  if ((slot.head.flags & slot_flag::chained) == 0) [[likely]] {
    std::memcpy(room.bytes + commit_size, slot.image.data() + commit_size, image - commit_size);
  } else {
    copy_chained(slot, room.bytes + commit_size);
  }
  if (operation_size != 0) put_entry(operation, room.bytes + image);
  slot.head.end_place.store(room.place, std::memory_order_release);
  lanes_.commit(room, length);
}

/// Of a span that is no local root: its record says what the operation is.
[[gnu::noinline]] void Producer::commit_beneath(arena::Slot& slot, std::uint32_t lane) noexcept {
  if (has_roots_name(slot)) [[likely]]
    return commit_image(slot, lane, slot.operation);
  OperationName operation;
  const std::uint32_t generation = slot.head.generation.load(std::memory_order_relaxed);
  if (!current_operation(slot, generation, operation)) operation.size = 0;
  commit_image(slot, lane, operation);
}

[[gnu::always_inline]] inline void Producer::commit_record(arena::Slot& slot,
                                                           std::uint32_t lane) noexcept {
  const model::RecordHead& record = SpanAccess::record(&slot);
  if (has_on_end_ && !keeps_record(slot)) [[unlikely]]
    return;
  // A local root's operation is named as the span itself.
  constexpr std::uint16_t unnamed = model::record_flag::local_root | model::record_flag::measured;
  if ((record.flags & unnamed) == 0) return commit_beneath(slot, lane);
  commit_image(slot, lane, NoName());
}

void Producer::end_span(arena::Slot& slot, std::optional<TimePoint> time) noexcept {
  model::RecordHead& record = SpanSlot(slot, slots_, span_limits_).record();
  if (time) {
    record.end = model::wall_ns(*time);
    record.flags |= model::record_flag::end_is_wall;
  } else {
    record.end = now();
  }
  commit_record(slot, lane_hint(lane_count_));
}

[[gnu::always_inline]] inline void Producer::send_home(arena::Slot& slot,
                                                       ThreadState* thread) noexcept {
  if ((slot.head.flags & (slot_flag::operation_changed | slot_flag::chained)) != 0) [[unlikely]] {
    return finish_marked(slot, thread);
  }
  const std::uint32_t generation = slot.head.generation.load(std::memory_order_relaxed);
  slot.head.generation.store(generation + 1, std::memory_order_release);
  if (thread == nullptr || !thread->spare().keep(slot, opening_.load(std::memory_order_relaxed)))
      [[unlikely]]
    give_slot_back(slot, thread);
}

/// A free slot that is not this thread's spare one: it becomes that, if the thread may have one.
[[gnu::noinline]] void Producer::give_slot_back(arena::Slot& slot, ThreadState* thread) noexcept {
  const std::uint64_t opening = opening_.load(std::memory_order_relaxed);
  if (thread != nullptr && thread->spare().opening != opening) {
    SpareSlot& spare = thread->spare();
    const Producer* const other = known(spare.runtime);
    const bool is_free = other == nullptr || spare.opening == 0 ||
                         other->opening_.load(std::memory_order_relaxed) != spare.opening;
    const std::uint32_t bound = slot_count_ / slot_part_of_spares;
    if (is_free && spare_slots_.load(std::memory_order_relaxed) < bound) {
      spare_slots_.fetch_add(1, std::memory_order_relaxed);
      spare = {&slot, opening, number_, return_spare};
      return;
    }
  }
  slots_.give_back(lane_hint(lane_count_), slot);
}

void Producer::return_spare(const SpareSlot& spare) noexcept {
  Producer* const producer = spare.opening == 0 ? nullptr : known(spare.runtime);
  if (producer == nullptr || (producer->ingress_.flags() & Ingress::open) == 0 ||
      producer->opening_.load(std::memory_order_relaxed) != spare.opening) {
    return;  // the arena it lay in may be gone
  }
  producer->spare_slots_.fetch_sub(1, std::memory_order_relaxed);
  if (spare.slot == nullptr) return;
  producer->slots_.give_back(lane_hint(producer->lane_count_), *spare.slot);
}

void Producer::finish_span(arena::Slot& slot, std::uint16_t flags) noexcept {
  if ((flags & (SpanAccess::recording | SpanAccess::measured)) != 0) {
    return finish_recorded(slot, flags);
  }
  send_home(slot, ThreadState::known());
}

[[gnu::noinline]] void Producer::finish_recorded(arena::Slot& slot, std::uint16_t flags) noexcept {
  ThreadState* const thread = ThreadState::known();
  const std::uint32_t lane = thread != nullptr ? thread->lane(lane_count_) : lane_hint(lane_count_);
  SpanSlot(slot, slots_, span_limits_).record().end = now();
  if ((flags & SpanAccess::unwinding) != 0) {
    if (thread != nullptr && thread->uncaught_exceptions() > flags >> 8) [[unlikely]]
      add_unwinding(slot);
  }
  commit_record(slot, lane);
  send_home(slot, thread);
}

/// The end of a slot that leaves more than itself behind.
[[gnu::noinline]] void Producer::finish_marked(arena::Slot& slot, ThreadState* thread) noexcept {
  const std::uint32_t generation = slot.head.generation.load(std::memory_order_relaxed);
  if ((slot.head.flags & slot_flag::operation_changed) != 0) {
    ended_operations_.keep({arena_.slot_index(slot), generation}, slot.operation);
  }
  slot.head.generation.store(generation + 1, std::memory_order_release);
  SpanSlot(slot, slots_, span_limits_).release_chain(lane_hint(lane_count_));
  if (thread == nullptr || !thread->spare().keep(slot, opening_.load(std::memory_order_relaxed))) {
    give_slot_back(slot, thread);
  }
}

[[gnu::noinline, gnu::cold]] void Producer::add_unwinding(arena::Slot& slot) noexcept {
  const SpanSlot span(slot, slots_, span_limits_);
  span.add_event("exception",
                 {{"exception.type", "exception"},
                  {"exception.message", "the span was left by an exception"},
                  {"exception.escaped", true}},
                 now(), false);
  slot.head.flags |= slot_flag::failed;
  if (span.record().status == static_cast<std::uint8_t>(StatusCode::unset)) {
    span.record().status = static_cast<std::uint8_t>(StatusCode::error);
  }
}

}  // namespace posthaste::produce

#include "runtime/produce/span_slot.h"

#include "runtime/produce/entry_writer.h"
#include "runtime/produce/image_cursor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace posthaste::produce {
namespace {

/// Kept free at the record's end for the operation name.
constexpr std::uint32_t operation_room = entry_size(arena::operation_name_limit);

template <class Count>
void count_up(Count& count) noexcept {
  if (count < std::numeric_limits<Count>::max()) ++count;
}

}  // namespace

class SpanSlot::ChainSink {
public:
  explicit ChainSink(const SpanSlot& slot) noexcept : slot_(slot) {}
  void put(const void* bytes, std::uint32_t size) noexcept { slot_.put(bytes, size); }

private:
  const SpanSlot& slot_;
};

std::uint32_t SpanSlot::room_in_record() const noexcept {
  const std::uint32_t used = size() + operation_room;
  return used < model::record_size_limit ? model::record_size_limit - used : 0;
}

bool SpanSlot::tail_is_first() const noexcept {
  return !chained() || slot_.head.tail == pool_.arena().slot_index(slot_);
}

std::uint32_t SpanSlot::room_in_tail() const noexcept {
  return (tail_is_first() ? arena::first_chunk : arena::chain_chunk) - slot_.head.tail_used;
}

std::byte* SpanSlot::tail_bytes() const noexcept {
  return tail_is_first() ? slot_.image.data() : chain_bytes(pool_.arena().slot(slot_.head.tail));
}

/// Room for `size` bytes, which `put` then takes piece by piece.
bool SpanSlot::reserve(std::uint32_t size) const noexcept {
  if (size > room_in_record()) return false;
  if (!chained()) slot_.head.tail_used = static_cast<std::uint16_t>(this->size());
  const std::uint32_t room = room_in_tail();
  return size <= room || extend_chain(size - room);
}

/// Links slots for `size` more bytes behind the tail. Bytes go on being put into the present tail
/// until it is full.
bool SpanSlot::extend_chain(std::uint32_t size) const noexcept {
  const arena::Arena& arena = pool_.arena();
  const std::uint32_t lane = 0;
  std::uint32_t first = arena::no_slot;
  for (std::uint32_t got = 0; got < size; got += arena::chain_chunk) {
    arena::Slot* slot = pool_.take(lane);
    if (slot == nullptr) {
      while (first != arena::no_slot) {
        arena::Slot& unused = arena.slot(first);
        first = unused.head.next.load(std::memory_order_relaxed);
        pool_.give_back(lane, unused);
      }
      return false;
    }
    slot->head.next.store(first, std::memory_order_relaxed);
    first = arena.slot_index(*slot);
  }
  arena::Slot& tail = chained() ? arena.slot(slot_.head.tail) : slot_;
  tail.head.next.store(first, std::memory_order_relaxed);
  if (!chained()) {  // from here on the tail is told by `tail` and `tail_used`
    slot_.head.flags |= slot_flag::chained;
    slot_.head.quick_end = 0;
    slot_.head.tail = arena.slot_index(slot_);
  }
  return true;
}

void SpanSlot::put(const void* bytes, std::uint32_t size) const noexcept {
  const auto* from = static_cast<const std::byte*>(bytes);
  while (size > 0) {
    std::uint32_t room = room_in_tail();
    if (room == 0) {
      const arena::Slot& tail = pool_.arena().slot(slot_.head.tail);
      slot_.head.tail = tail.head.next.load(std::memory_order_relaxed);
      slot_.head.tail_used = 0;
      room = arena::chain_chunk;
    }
    const std::uint32_t part = std::min(room, size);
    std::memcpy(tail_bytes() + slot_.head.tail_used, from, part);
    slot_.head.tail_used = static_cast<std::uint16_t>(slot_.head.tail_used + part);
    from += part;
    size -= part;
  }
}

void SpanSlot::commit(std::uint32_t size) const noexcept {
  slot_.head.used.store(this->size() + size, std::memory_order_release);
}

bool SpanSlot::remembers(const arena::Slot& slot, const KeyHash& hash) noexcept {
  const arena::SlotHead& head = slot.head;
  if ((head.bloom >> hash.bloom_bit() & 1) == 0) return false;
  if ((head.flags & slot_flag::more_tags) != 0) return true;
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(hash.tag()));
  for (std::uint32_t i = 0; i < head.tag_count; i += 8) {
    const __m128i tags = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&slot.tags[i]));
    const auto equal = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi16(tags, wanted)));
    const std::uint32_t valid =
        head.tag_count - i >= 8 ? 0xffffu : (1u << 2 * (head.tag_count - i)) - 1;
    if ((equal & valid) != 0) return true;
  }
  return false;
#else
  const auto end = slot.tags.begin() + head.tag_count;
  return std::find(slot.tags.begin(), end, hash.tag()) != end;
#endif
}

void SpanSlot::remember(const KeyHash& hash) const noexcept {
  arena::SlotHead& head = slot_.head;
  head.bloom |= std::uint64_t{1} << hash.bloom_bit();
  if (head.tag_count == arena::slot_tags) {
    head.flags |= slot_flag::more_tags;
  } else {
    slot_.tags[head.tag_count++] = hash.tag();
  }
}

std::byte* SpanSlot::find(model::EntryKind kind, std::string_view key) const noexcept {
  ImageCursor cursor(slot_, pool_.arena(), size());
  return seek(cursor, kind, key);
}

void SpanSlot::bury(std::byte* entry) const noexcept {
  auto& type = reinterpret_cast<std::uint8_t&>(entry[offsetof(model::EntryHead, value_type)]);
  std::atomic_ref(type).fetch_or(model::EntryHead::dead_bit, std::memory_order_relaxed);
  record().flags |= model::record_flag::has_dead;
}

bool SpanSlot::append_text_slowly(model::EntryKind kind, std::string_view text) const noexcept {
  const std::uint32_t overhead = entry_size(8);
  const std::uint32_t room = room_in_record();
  if (room < overhead) return false;
  const std::string_view kept = cut_bytes(text, room - overhead);
  if (kept.size() < text.size()) record().flags |= model::record_flag::truncated;
  const std::uint32_t total = entry_size(static_cast<std::uint32_t>(kept.size()));
  if (!reserve(total)) return false;
  put_text_entry(ChainSink(*this), kind, kept);
  commit(total);
  return true;
}

void SpanSlot::set_text(model::EntryKind kind, std::string_view text) const noexcept {
  std::byte* const old = find(kind, {});
  if (append_text(kind, text) && old != nullptr) bury(old);
}

void SpanSlot::remove_text(model::EntryKind kind) const noexcept {
  if (std::byte* const old = find(kind, {})) bury(old);
}

/// True when the key was there, and is done with: replaced in place, or the old one buried.
bool SpanSlot::overwrite(std::string_view key, const AttributeValue& value) const noexcept {
  std::byte* const old = find(model::EntryKind::attribute, key);
  if (old == nullptr) return false;
  model::EntryHead head;
  std::memcpy(&head, old, sizeof head);
  if (model::is_word(value.type()) && head.value_type == static_cast<std::uint8_t>(value.type())) {
    // The value follows its head; where the head ends a slot, that is in the next one: append
    // instead.
    const auto at = reinterpret_cast<std::uintptr_t>(old);
    const std::uintptr_t slot_end = (at & ~std::uintptr_t{arena::slot_size - 1}) + arena::slot_size;
    if (at + sizeof head + 8 <= slot_end) {
      auto& word = *reinterpret_cast<std::uint64_t*>(old + sizeof head);
      std::atomic_ref(word).store(value.word(), std::memory_order_relaxed);
      return true;
    }
  }
  if (append_attribute(key, value)) {
    bury(old);
    --record().attributes;
  }
  return true;
}

void SpanSlot::set_attribute(std::string_view key, const AttributeValue& value) const noexcept {
  const KeyHash hash(key);
  const bool done = value.type() == AttributeType::string
                        ? append_string_quickly(slot_, key, hash, value.string())
                    : model::is_word(value.type())
                        ? append_word_quickly(slot_, key, hash, value.type(), value.word())
                        : false;
  if (!done) set_slowly(key, value);
  if (hash.names_operation()) operation_attribute_set(key);
}

void SpanSlot::set_slowly(std::string_view key, const AttributeValue& value) const noexcept {
  model::RecordHead& record = this->record();
  if (key.empty() || key.size() > key_limit) [[unlikely]] {
    count_up(record.dropped_attributes);
    return;
  }
  const KeyHash hash(key);
  if (remembers(slot_, hash) && overwrite(key, value)) return;
  if (record.attributes >= limits_.attributes) [[unlikely]] {
    count_up(record.dropped_attributes);
    return;
  }
  if (append_attribute(key, value)) [[likely]]
    remember(hash);
}

bool SpanSlot::append_attribute(std::string_view key, const AttributeValue& value) const noexcept {
  model::RecordHead& record = this->record();
  const auto key_size = static_cast<std::uint32_t>(key.size());
  std::uint32_t value_bytes = value_size(value, limits_.value_length);
  std::uint32_t total = entry_size(key_size + value_bytes);
  const std::uint32_t room = room_in_record();
  if (total > room) [[unlikely]] {
    const std::uint32_t overhead = entry_size(key_size + 8);
    if (value.type() != AttributeType::string || room < overhead + 8) {
      count_up(record.dropped_attributes);
      return false;
    }
    value_bytes = static_cast<std::uint32_t>(cut_bytes(value.string(), room - overhead).size());
    total = entry_size(key_size + value_bytes);
    record.flags |= model::record_flag::truncated;
  }
  if (!reserve(total)) {
    count_up(record.dropped_attributes);
    return false;
  }
  put_valued_entry(ChainSink(*this), model::EntryKind::attribute, key, value, value_bytes,
                   limits_.value_length);
  ++record.attributes;
  commit(total);
  return true;
}

void SpanSlot::add_event(std::string_view name, Attributes attributes, std::uint64_t time,
                         bool time_is_wall) const noexcept {
  model::RecordHead& record = this->record();
  const std::string_view kept_name = cut_bytes(name, 4096);
  const auto name_size = static_cast<std::uint32_t>(kept_name.size());
  const AttributeList list(attributes, std::min(limits_.event_attributes, 0x7fffu),
                           limits_.value_length);
  const std::uint64_t payload = sizeof(model::EventHead) + model::padded(name_size) + list.size();
  if (record.events >= limits_.events || payload > model::record_size_limit ||
      !reserve(entry_size(static_cast<std::uint32_t>(payload)))) {
    count_up(record.dropped_events);
    return;
  }
  const auto size = static_cast<std::uint32_t>(payload);
  ChainSink sink(*this);
  const model::EntryHead entry{model::EntryKind::event, 0, 0, size};
  model::EventHead head{};
  head.time = time;
  head.dropped_attributes = list.dropped();
  head.name_size = static_cast<std::uint16_t>(name_size);
  head.attributes = static_cast<std::uint16_t>(list.kept() & 0x7fffu);
  head.time_is_wall = time_is_wall ? 1 : 0;
  sink.put(&entry, sizeof entry);
  sink.put(&head, sizeof head);
  sink.put(kept_name.data(), name_size);
  put_padding(sink, name_size);
  list.put(sink);
  put_padding(sink, size);
  ++record.events;
  commit(entry_size(size));
}

void SpanSlot::add_link(const TraceId& trace, const SpanId& span, std::uint8_t trace_flags,
                        std::string_view trace_state, Attributes attributes) const noexcept {
  model::RecordHead& record = this->record();
  const std::string_view kept_state = trace_state.size() <= 512 ? trace_state : std::string_view();
  const auto state_size = static_cast<std::uint32_t>(kept_state.size());
  const AttributeList list(attributes, std::min(limits_.link_attributes, 255u),
                           limits_.value_length);
  const std::uint64_t payload = sizeof(model::LinkHead) + model::padded(state_size) + list.size();
  if (record.links >= limits_.links || payload > model::record_size_limit ||
      !reserve(entry_size(static_cast<std::uint32_t>(payload)))) {
    count_up(record.dropped_links);
    return;
  }
  const auto size = static_cast<std::uint32_t>(payload);
  ChainSink sink(*this);
  const model::EntryHead entry{model::EntryKind::link, 0, 0, size};
  const model::LinkHead head{trace,          span,
                             list.dropped(), static_cast<std::uint16_t>(state_size),
                             trace_flags,    static_cast<std::uint8_t>(list.kept())};
  sink.put(&entry, sizeof entry);
  sink.put(&head, sizeof head);
  sink.put(kept_state.data(), state_size);
  put_padding(sink, state_size);
  list.put(sink);
  put_padding(sink, size);
  ++record.links;
  commit(entry_size(size));
}

/// The payload of the entry whose head is at `entry`, in one piece.
std::string_view SpanSlot::payload_of(const std::byte* entry, std::string& buffer) const noexcept {
  ImageCursor cursor(slot_, pool_.arena(), size());
  cursor.skip(sizeof(model::RecordHead));
  while (cursor.left() >= sizeof(model::EntryHead)) {
    const std::byte* const at = cursor.at();
    model::EntryHead head;
    std::memcpy(&head, at, sizeof head);
    cursor.skip(sizeof head);
    if (at != entry) {
      cursor.skip(model::padded(head.size));
      continue;
    }
    buffer.clear();
    std::string_view whole;
    cursor.each_part(head.size, [&](const std::byte* part, std::uint32_t bytes) {
      whole = {reinterpret_cast<const char*>(part), bytes};
      if (bytes < head.size) buffer.append(whole);
    });
    return buffer.empty() ? whole : std::string_view(buffer);
  }
  return {};
}

std::optional<AttributeValue> SpanSlot::attribute(std::string_view key,
                                                  std::string& buffer) const noexcept {
  if (!remembers(slot_, KeyHash(key))) return std::nullopt;
  const std::byte* const entry = find(model::EntryKind::attribute, key);
  if (entry == nullptr) return std::nullopt;
  model::EntryHead head;
  std::memcpy(&head, entry, sizeof head);
  const std::string_view payload = payload_of(entry, buffer);
  std::uint64_t word = 0;
  if (payload.size() >= sizeof word) std::memcpy(&word, payload.data(), sizeof word);
  switch (static_cast<AttributeType>(head.value_type)) {
    case AttributeType::string: return AttributeValue(payload.substr(head.key_size));
    case AttributeType::boolean: return AttributeValue(word != 0);
    case AttributeType::int64: return AttributeValue(static_cast<std::int64_t>(word));
    case AttributeType::float64: return AttributeValue(std::bit_cast<double>(word));
    default: return std::nullopt;
  }
}

std::string_view SpanSlot::text(model::EntryKind kind, std::string& buffer) const noexcept {
  const std::byte* const entry = find(kind, {});
  return entry == nullptr ? std::string_view() : payload_of(entry, buffer);
}

void SpanSlot::trace_state(std::uint32_t generation, std::string& text) const noexcept {
  text.clear();
  constexpr std::uint32_t most = 512;
  ImageCursor cursor(slot_, pool_.arena(), sizeof(model::RecordHead) + head_size + most);
  cursor.skip(sizeof(model::RecordHead));
  model::EntryHead head;
  std::memcpy(&head, cursor.at(), sizeof head);
  cursor.skip(sizeof head);
  if (head.kind != model::EntryKind::trace_state || head.size > most) return;
  try {
    text.reserve(head.size);
  } catch (...) {
    return;
  }
  cursor.each_part(head.size, [&](const std::byte* part, std::uint32_t bytes) {
    text.append(reinterpret_cast<const char*>(part), bytes);
  });
  std::atomic_thread_fence(std::memory_order_acquire);
  if (slot_.head.generation.load(std::memory_order_relaxed) != generation) text.clear();
}

void SpanSlot::copy_chain(std::uint32_t from, std::byte* to) const noexcept {
  ImageCursor cursor(slot_, pool_.arena(), this->size());
  cursor.skip(from);
  cursor.each_part(size() - from, [&](const std::byte* part, std::uint32_t bytes) {
    std::memcpy(to, part, bytes);
    to += bytes;
  });
}

void SpanSlot::release_chain(std::uint32_t lane) const noexcept {
  std::uint32_t next = slot_.head.next.load(std::memory_order_relaxed);
  slot_.head.next.store(arena::no_slot, std::memory_order_relaxed);
  while (next != arena::no_slot) {
    arena::Slot& slot = pool_.arena().slot(next);
    next = slot.head.next.load(std::memory_order_relaxed);
    pool_.give_back(lane, slot);
  }
}

}  // namespace posthaste::produce

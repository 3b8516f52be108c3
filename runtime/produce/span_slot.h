#pragma once

/// A span under construction: the record image in a slot, and the rules of what may go into it. The
/// image only grows; `used` is stored last, so that what a crash leaves is a whole prefix.
///
/// Threads:  one at a time (whoever holds the Span).
/// Full:     an entry that finds no room is left out and counted in the record's dropped counts.

#include "runtime/arena/slots.h"
#include "runtime/model/record.h"
#include "runtime/produce/small_copy.h"

#include <posthaste/key_hash.h>
#include <posthaste/span_kind.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::produce {

/// SpanLimits and the like, final.
struct RecordLimits {
  std::uint32_t attributes = 128;
  std::uint32_t events = 128;
  std::uint32_t links = 128;
  std::uint32_t event_attributes = 128;
  std::uint32_t link_attributes = 128;
  std::uint32_t value_length = UINT32_MAX;  // characters
};

/// Bits of SlotHead::flags.
namespace slot_flag {
inline constexpr std::uint16_t failed = 2;        // has an error status or an exception
inline constexpr std::uint16_t status_final = 4;  // ok was set
inline constexpr std::uint16_t more_tags = 8;     // more keys than tags
inline constexpr std::uint16_t chained = 16;      // the image goes on in further slots
inline constexpr std::uint16_t operation_changed =
    32;  // its name is not that at the start any more
}  // namespace slot_flag

/// Bits of SlotHead::traits, which any thread may read while the span lives.
namespace slot_trait {
inline constexpr std::uint32_t recording = 1;
inline constexpr std::uint32_t trace_state = 2;  // the record's first entry is one
}  // namespace slot_trait

class SpanSlot {
public:
  SpanSlot(arena::Slot& slot, const arena::SlotPool& pool, const RecordLimits& limits) noexcept
      : slot_(slot), pool_(pool), limits_(limits) {}

  /// SlotHead::quick_end and quick_characters under these limits, in one word.
  static std::uint64_t quick_bounds(const RecordLimits& limits) noexcept {
    const std::uint64_t end = limits.attributes < most_quick ? 0 : arena::first_chunk;
    return end | std::min<std::uint64_t>(limits.value_length, most_tiny) << 32;
  }
  /// An empty image, in which the caller lays out the record's head.
  [[gnu::always_inline]] void begin(std::uint64_t quick_bounds) const noexcept {
    arena::SlotHead& head = slot_.head;
    head.bloom = 0;
    head.next.store(arena::no_slot, std::memory_order_relaxed);
    head.tag_count = 0;
    head.flags = 0;
    static_assert(offsetof(arena::SlotHead, quick_characters) ==
                  offsetof(arena::SlotHead, quick_end) + 4);
    std::memcpy(&head.quick_end, &quick_bounds, sizeof quick_bounds);
    head.end_place.store(0, std::memory_order_relaxed);
    head.used.store(sizeof(model::RecordHead), std::memory_order_relaxed);
  }
  /// Of a span that is not recorded: no image. Its ids, flags and rate are all that is read of the
  /// record's head.
  [[gnu::always_inline]] void begin_unrecorded() const noexcept {
    arena::SlotHead& head = slot_.head;
    head.bloom = 0;
    head.flags = 0;
    std::atomic_ref(head.traits).store(0, std::memory_order_relaxed);
  }
  model::RecordHead& record() const noexcept {
    return *reinterpret_cast<model::RecordHead*>(slot_.image.data());
  }

  /// For a kind that the record has not yet; false without room.
  bool append_text(model::EntryKind kind, std::string_view text) const noexcept {
    return append_text_quickly(slot_, kind, text) || append_text_slowly(kind, text);
  }
  /// The same where it fits into the first slot; false, with nothing done, if it does not.
  static bool append_text_quickly(arena::Slot& slot, model::EntryKind kind,
                                  std::string_view text) noexcept;
  /// The span's name, and with it the operation's of a local root, unless attributes name that.
  void rename(std::string_view name) const noexcept;
  /// Instead of what the record may have of this kind.
  void set_text(model::EntryKind kind, std::string_view text) const noexcept;
  void remove_text(model::EntryKind kind) const noexcept;
  /// A key that the span has keeps the last value.
  void set_attribute(std::string_view key, const AttributeValue& value) const noexcept;
  void set_slowly(std::string_view key, const AttributeValue& value) const noexcept;
  /// The same for a key that is surely new, and an attribute that is short and fits into the first
  /// slot; false, with nothing done, if it is not so. Apart, so that the common way calls nothing.
  static bool append_string_quickly(arena::Slot& slot, std::string_view key, KeyHash hash,
                                    std::string_view value) noexcept;
  static bool append_word_quickly(arena::Slot& slot, std::string_view key, KeyHash hash,
                                  AttributeType type, std::uint64_t word) noexcept;
  /// Whether a string attribute of a KeyHash::names_operation() may name what is beneath the span
  /// anew: that of a request, or one of the two keys that name any local root's.
  static bool may_name_operation(const arena::Slot& slot, std::string_view key) noexcept {
    const auto& record = *reinterpret_cast<const model::RecordHead*>(slot.image.data());
    if ((record.flags & model::record_flag::local_root) == 0) return false;
    const auto kind = static_cast<SpanKind>(record.kind);
    return kind == SpanKind::server || kind == SpanKind::consumer ||
           key.size() == sizeof "ai.operation.name" - 1 ||
           key.size() == sizeof "microsoft.operation_name" - 1;
  }
  /// Such an attribute was set.
  void operation_attribute_set(std::string_view key) const noexcept;
  void add_event(std::string_view name, Attributes attributes, std::uint64_t time,
                 bool time_is_wall) const noexcept;
  void add_link(const TraceId& trace, const SpanId& span, std::uint8_t trace_flags,
                std::string_view trace_state, Attributes attributes) const noexcept;

  /// The value of `key` if it is a string, boolean or number; a string that lies in several slots
  /// is put together in `buffer`.
  std::optional<AttributeValue> attribute(std::string_view key, std::string& buffer) const noexcept;
  /// The text of the entry of `kind`, likewise; empty if there is none.
  std::string_view text(model::EntryKind kind, std::string& buffer) const noexcept;
  /// The trace state of a span with that trait; for any thread. Empty when the span is gone, or
  /// there is no memory for it.
  void trace_state(std::uint32_t generation, std::string& text) const noexcept;

  /// Bytes of the image so far.
  std::uint32_t size() const noexcept { return slot_.head.used.load(std::memory_order_relaxed); }
  /// Copies the image of a slot with a chain from the byte `from` on.
  void copy_chain(std::uint32_t from, std::byte* to) const noexcept;
  /// The slots of the chain behind the first go home.
  void release_chain(std::uint32_t lane) const noexcept;

private:
  class ChainSink;
  static constexpr std::uint32_t head_size = sizeof(model::EntryHead);
  /// Attributes that the first slot has room for, at 16 bytes the shortest. Where fewer are allowed
  /// nothing is quick, so that what is need not count.
  static constexpr std::uint32_t most_quick =
      (arena::first_chunk - sizeof(model::RecordHead)) / (2 * head_size);
  static_assert(most_quick < arena::slot_tags);

  bool append_text_slowly(model::EntryKind kind, std::string_view text) const noexcept;

  bool name_operation() const noexcept;

  bool reserve(std::uint32_t size) const noexcept;
  bool extend_chain(std::uint32_t size) const noexcept;
  void put(const void* bytes, std::uint32_t size) const noexcept;
  void commit(std::uint32_t size) const noexcept;
  std::uint32_t room_in_record() const noexcept;
  bool tail_is_first() const noexcept;
  std::uint32_t room_in_tail() const noexcept;
  std::byte* tail_bytes() const noexcept;
  bool chained() const noexcept { return (slot_.head.flags & slot_flag::chained) != 0; }

  /// Takes room for a key and its value, and gives where they go; `end` becomes `used` behind them.
  static std::byte* append_quickly(arena::Slot& slot, std::size_t key_size, KeyHash hash,
                                   AttributeType type, std::size_t value_size,
                                   std::uint32_t& end) noexcept;
  static bool remembers(const arena::Slot& slot, const KeyHash& hash) noexcept;
  void remember(const KeyHash& hash) const noexcept;
  bool overwrite(std::string_view key, const AttributeValue& value) const noexcept;
  std::byte* find(model::EntryKind kind, std::string_view key) const noexcept;
  std::string_view payload_of(const std::byte* entry, std::string& buffer) const noexcept;
  void bury(std::byte* entry) const noexcept;
  bool append_attribute(std::string_view key, const AttributeValue& value) const noexcept;

  arena::Slot& slot_;
  const arena::SlotPool& pool_;
  const RecordLimits& limits_;
};

[[gnu::always_inline]] inline bool SpanSlot::append_text_quickly(arena::Slot& slot,
                                                                 model::EntryKind kind,
                                                                 std::string_view text) noexcept {
  const std::uint32_t used = slot.head.used.load(std::memory_order_relaxed);
  const std::uint64_t end = used + head_size + ((std::uint64_t{text.size()} + 7) & ~7ull);
  if (text.size() > arena::first_chunk || end > slot.head.quick_end) [[unlikely]]
    return false;
  // Else the compiler takes the image for the record's head alone, and warns.
  std::byte* const at = std::launder(slot.image.data()) + used;
  const std::uint64_t entry = static_cast<std::uint64_t>(kind) | std::uint64_t{text.size()} << 32;
  std::memcpy(at, &entry, sizeof entry);
  copy_small(at + head_size, text.data(), text.size());
  slot.head.used.store(static_cast<std::uint32_t>(end), std::memory_order_release);
  return true;
}

[[gnu::always_inline]] inline std::byte* SpanSlot::append_quickly(arena::Slot& slot,
                                                                  std::size_t key_size,
                                                                  KeyHash hash, AttributeType type,
                                                                  std::size_t value_size,
                                                                  std::uint32_t& end) noexcept {
  arena::SlotHead& head = slot.head;
  const std::size_t used = head.used.load(std::memory_order_relaxed);
  const std::size_t wanted = used + ((key_size + value_size + head_size + 7) & ~std::size_t{7});
  if (key_size - 1 >= most_tiny || wanted > head.quick_end ||
      (head.bloom >> hash.bloom_bit() & 1) != 0) [[unlikely]] {
    return nullptr;
  }
  head.bloom |= std::uint64_t{1} << hash.bloom_bit();
  slot.tags[head.tag_count++] = hash.tag();
  ++reinterpret_cast<model::RecordHead*>(slot.image.data())->attributes;
  std::byte* const at = slot.image.data() + used;
  // An EntryHead: the size of the key stands in two of its places.
  const std::uint64_t entry = key_size * (1ull << 32 | 1u << 16) +
                              (std::uint64_t{value_size} << 32) +
                              (static_cast<std::uint64_t>(type) << 8 |
                               static_cast<std::uint64_t>(model::EntryKind::attribute));
  std::memcpy(at, &entry, sizeof entry);
  end = static_cast<std::uint32_t>(wanted);
  return at + head_size;
}

[[gnu::always_inline]] inline bool SpanSlot::append_string_quickly(
    arena::Slot& slot, std::string_view key, KeyHash hash, std::string_view value) noexcept {
  if (value.size() > slot.head.quick_characters) [[unlikely]]
    return false;
  std::uint32_t end;
  std::byte* const at =
      append_quickly(slot, key.size(), hash, AttributeType::string, value.size(), end);
  if (at == nullptr) [[unlikely]]
    return false;
  copy_tiny(at, key.data(), key.size());
  copy_tiny(at + key.size(), value.data(), value.size());
  slot.head.used.store(end, std::memory_order_release);
  return true;
}

[[gnu::always_inline]] inline bool SpanSlot::append_word_quickly(arena::Slot& slot,
                                                                 std::string_view key, KeyHash hash,
                                                                 AttributeType type,
                                                                 std::uint64_t word) noexcept {
  std::uint32_t end;
  std::byte* const at = append_quickly(slot, key.size(), hash, type, sizeof word, end);
  if (at == nullptr) [[unlikely]]
    return false;
  std::memcpy(at, &word, sizeof word);
  copy_tiny(at + sizeof word, key.data(), key.size());
  slot.head.used.store(end, std::memory_order_release);
  return true;
}

}  // namespace posthaste::produce

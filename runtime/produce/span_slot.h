#pragma once

/// A span under construction: the record image in a slot, and the rules of what may go into it. The
/// image only grows; `used` is stored last, so that what a crash leaves is a whole prefix.
///
/// Threads:  one at a time (whoever holds the Span).
/// Full:     an entry that finds no room is left out and counted in the record's dropped counts.

#include "runtime/arena/slots.h"
#include "runtime/model/record.h"
#include "runtime/produce/key_tag.h"

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

  /// An empty record; the caller fills in ids and times.
  model::RecordHead& begin() const noexcept;
  model::RecordHead& record() const noexcept {
    return *reinterpret_cast<model::RecordHead*>(slot_.image.data());
  }

  /// For a kind that the record has not yet; false without room.
  bool append_text(model::EntryKind kind, std::string_view text) const noexcept;
  /// Instead of what the record may have of this kind.
  void set_text(model::EntryKind kind, std::string_view text) const noexcept;
  void remove_text(model::EntryKind kind) const noexcept;
  void set_attribute(std::string_view key, const AttributeValue& value) const noexcept;
  void add_event(std::string_view name, Attributes attributes, std::uint64_t time,
                 bool time_is_wall) const noexcept;
  void add_link(const TraceId& trace, const SpanId& span, std::uint8_t trace_flags,
                std::string_view trace_state, Attributes attributes) const noexcept;

  /// The value of `key` if it is a string, boolean or number; a string that lies in several slots
  /// is put together in `buffer`.
  std::optional<AttributeValue> attribute(std::string_view key, std::string& buffer) const noexcept;
  /// The text of the entry of `kind`, likewise; empty if there is none.
  std::string_view text(model::EntryKind kind, std::string& buffer) const noexcept;
  /// The trace state of a span with that trait; for any thread. Empty when the span is gone.
  std::string trace_state(std::uint32_t generation) const;

  /// Bytes of the image so far.
  std::uint32_t size() const noexcept { return slot_.head.used.load(std::memory_order_relaxed); }
  /// Copies the image but for its first 8 bytes, the commit word, to `to`.
  void copy_behind_commit(std::byte* to) const noexcept;
  /// The slots of the chain behind the first go home.
  void release_chain(std::uint32_t lane) const noexcept;

private:
  class ChainSink;

  bool reserve(std::uint32_t size) const noexcept;
  bool extend_chain(std::uint32_t size) const noexcept;
  void put(const void* bytes, std::uint32_t size) const noexcept;
  void commit(std::uint32_t size) const noexcept;
  std::uint32_t room_in_record() const noexcept;
  std::uint32_t room_in_tail() const noexcept;
  std::byte* tail_bytes() const noexcept;
  bool chained() const noexcept { return slot_.head.tail != pool_.arena().slot_index(slot_); }

  bool remembers(const KeyHash& hash) const noexcept;
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

}  // namespace posthaste::produce

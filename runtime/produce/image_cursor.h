#pragma once

/// Reads a record's image in the slots that it lies in, the first and those chained behind it. A
/// reader of a span that has gone meanwhile comes to an end, and finds out by the generation.
///
/// Threads: whoever holds the span; of what never changes, any. No allocation.

#include "runtime/arena/arena.h"
#include "runtime/model/record.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace posthaste::produce {

/// Where the bytes of a further slot of the chain are.
inline std::byte* chain_bytes(arena::Slot& slot) noexcept {
  return reinterpret_cast<std::byte*>(&slot) + sizeof(arena::SlotHead);
}

/// Walks the image chunk by chunk.
class ImageCursor {
public:
  ImageCursor(arena::Slot& first, const arena::Arena& arena, std::uint32_t size) noexcept
      : arena_(arena),
        slot_(&first),
        at_(first.image.data()),
        in_chunk_(arena::first_chunk),
        left_(size) {}

  std::uint32_t left() const noexcept { return left_; }
  std::byte* at() noexcept {
    if (in_chunk_ == 0) next_chunk();
    return at_;
  }
  void skip(std::uint32_t size) noexcept {
    each_part(size, [](const std::byte*, std::uint32_t) { return true; });
  }
  bool equals(std::string_view text) noexcept {
    bool equal = true;
    each_part(static_cast<std::uint32_t>(text.size()),
              [&](const std::byte* part, std::uint32_t size) {
                equal = equal && std::memcmp(part, text.data(), size) == 0;
                text.remove_prefix(size);
                return true;
              });
    return equal;
  }
  template <class F>
  void each_part(std::uint32_t size, F&& f) noexcept {
    size = std::min(size, left_);
    while (size > 0) {
      if (in_chunk_ == 0) next_chunk();
      const std::uint32_t part = std::min({size, in_chunk_, left_});
      if (part == 0) return;
      f(at_, part);
      at_ += part;
      in_chunk_ -= part;
      left_ -= part;
      size -= part;
    }
  }

private:
  void next_chunk() noexcept {
    const std::uint32_t next = slot_->head.next.load(std::memory_order_relaxed);
    if (next >= arena_.geometry().segments * arena::slots_per_segment) {
      left_ = 0;  // only a reader of a span that has gone meanwhile gets here
      in_chunk_ = arena::chain_chunk;
      return;
    }
    slot_ = &arena_.slot(next);
    at_ = chain_bytes(*slot_);
    in_chunk_ = arena::chain_chunk;
  }

  const arena::Arena& arena_;
  arena::Slot* slot_;
  std::byte* at_;
  std::uint32_t in_chunk_;
  std::uint32_t left_;
};

/// The head of the live entry of this kind and (for attributes) key; null if there is none. Leaves
/// the cursor behind head and key.
inline std::byte* seek(ImageCursor& cursor, model::EntryKind kind, std::string_view key) noexcept {
  cursor.skip(sizeof(model::RecordHead));
  while (cursor.left() >= sizeof(model::EntryHead)) {
    std::byte* const at = cursor.at();
    model::EntryHead head;
    std::memcpy(&head, at, sizeof head);
    cursor.skip(sizeof head);
    std::uint32_t rest = model::padded(head.size);
    if (head.kind == kind && !head.dead()) {
      if (kind != model::EntryKind::attribute) return at;
      if (head.key_size == key.size()) {
        const std::uint32_t before =
            model::is_word(static_cast<AttributeType>(head.value_type)) ? 8 : 0;
        cursor.skip(before);
        if (cursor.equals(key)) return at;
        rest -= before + head.key_size;
      }
    }
    cursor.skip(rest);
  }
  return nullptr;
}

}  // namespace posthaste::produce

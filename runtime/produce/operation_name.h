#pragma once

/// The operation name of a local root, in its slot: its own thread writes it, any thread copies it.
/// A sequence word around relaxed words; no lock, and a reader that loses the race twice goes
/// without.

#include "runtime/arena/layout.h"
#include "runtime/produce/cut_text.h"
#include "runtime/produce/small_copy.h"

#include <string_view>

namespace posthaste::produce {

/// What is inherited; at most arena::operation_name_limit bytes, whole characters.
struct OperationName {
  std::uint32_t sequence = 0;  // of the cell when it was copied
  std::uint32_t size = 0;
  alignas(8) char text[arena::operation_name_limit];

  std::string_view view() const noexcept { return {text, size}; }
};

/// Sets the text of a cell that nobody reads yet: its slot is not given out.
inline void begin_operation(arena::OperationCell& cell, std::string_view name) noexcept {
  const std::string_view kept = cut_bytes(name, arena::operation_name_limit);
  cell.size.store(static_cast<std::uint32_t>(kept.size()), std::memory_order_relaxed);
  std::size_t at = 0;
  for (; kept.size() - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, kept.data() + at, 8);
    cell.words[at / 8].store(word, std::memory_order_relaxed);
  }
  if (at < kept.size()) {
    std::uint64_t word = 0;
    copy_small(reinterpret_cast<std::byte*>(&word), kept.data() + at, (kept.size() - at) & 7);
    cell.words[at / 8].store(word, std::memory_order_relaxed);
  }
}

/// Sets the cell's text; one writer.
void write_operation(arena::OperationCell& cell, std::string_view name) noexcept;

/// Copies the cell while the slot around it is of `generation`; false if it is not, or not any
/// more.
bool read_operation(const arena::Slot& slot, std::uint32_t generation,
                    OperationName& name) noexcept;

}  // namespace posthaste::produce

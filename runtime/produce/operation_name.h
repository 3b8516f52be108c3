#pragma once

/// The operation name of a local root, in its slot: its own thread writes it, any thread copies it.
/// A sequence word around relaxed words; no lock, and a reader that loses the race twice goes
/// without.

#include "runtime/arena/layout.h"
#include "runtime/produce/cut_text.h"

#include <posthaste/key_hash.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace posthaste::produce {

/// What is inherited; at most arena::operation_name_limit bytes, whole characters.
struct OperationName {
  std::uint32_t sequence = 0;  // of the cell when it was copied
  std::uint32_t size = 0;
  alignas(8) char text[arena::operation_name_limit];

  std::string_view view() const noexcept { return {text, size}; }
};

/// Puts the text into the cell, whatever its readers.
void put_any_operation(arena::OperationCell& cell, std::string_view name) noexcept;

[[gnu::always_inline]] inline void put_operation(arena::OperationCell& cell,
                                                 std::string_view name) noexcept {
  const std::size_t size = name.size();
  if (size - 8 > 8) [[unlikely]]
    return put_any_operation(cell, name);
  const TextEnds ends = TextEnds::of(name.data(), size);
  cell.size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
  cell.words[0].store(ends.first, std::memory_order_relaxed);
  // Of eight bytes nothing is left, and what is put behind them means nothing.
  cell.words[1].store(ends.last >> (8 * (16 - size) & 63), std::memory_order_relaxed);
}

/// Sets the text of a cell that nobody reads yet: its slot is not given out. Its bytes may be
/// anything: those of a record that went on in the slot.
[[gnu::always_inline]] inline void begin_operation(arena::OperationCell& cell,
                                                   std::string_view name) noexcept {
  cell.sequence.store(2, std::memory_order_relaxed);
  put_operation(cell, name);
}

[[gnu::always_inline]] inline void copy_word(const arena::OperationCell& from,
                                             arena::OperationCell& to, std::uint32_t i) noexcept {
  to.words[i].store(from.words[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
}

/// Sets the cell's text; one writer.
void write_operation(arena::OperationCell& cell, std::string_view name) noexcept;

/// A rename takes some ten instructions; more tries than this mean that its thread was interrupted.
inline constexpr int most_attempts = 100;

/// Copies the cell; false when it is not `valid()` while it is copied, or changes all the time.
template <class Valid>
bool copy_operation(const arena::OperationCell& cell, OperationName& name, Valid&& valid) noexcept {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const std::uint32_t before = cell.sequence.load(std::memory_order_acquire);
    const std::uint32_t size = std::min<std::uint32_t>(cell.size.load(std::memory_order_relaxed),
                                                       arena::operation_name_limit);
    for (std::uint32_t at = 0; at < size; at += 8) {
      const std::uint64_t word = cell.words[at / 8].load(std::memory_order_relaxed);
      std::memcpy(name.text + at, &word, 8);
    }
    const bool is_valid = valid();
    std::atomic_thread_fence(std::memory_order_acquire);
    if (!is_valid) return false;
    if (before % 2 == 0 && cell.sequence.load(std::memory_order_relaxed) == before) {
      name.sequence = before;
      name.size = size;
      return true;
    }
  }
  return false;
}

/// Copies the name of `root`, which is of `generation`, into the cell of a slot that nobody sees yet,
/// word by word; false, with nothing done, where it is long, is being changed, or has gone.
[[gnu::always_inline]] inline bool inherit_operation(const arena::Slot& root,
                                                     std::uint32_t generation,
                                                     arena::Slot& slot) noexcept {
  constexpr std::uint32_t words = 4;
  const arena::OperationCell& from = root.operation;
  arena::OperationCell& to = slot.operation;
  const std::uint32_t sequence = from.sequence.load(std::memory_order_acquire);
  const std::uint32_t size = from.size.load(std::memory_order_relaxed);
  if (size > 8 * words || sequence % 2 != 0) [[unlikely]]
    return false;
  for (std::uint32_t i = 0; i < 2; ++i) copy_word(from, to, i);
  if (size > 16) {
    for (std::uint32_t i = 2; i < words; ++i) copy_word(from, to, i);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  if (root.head.generation.load(std::memory_order_relaxed) != generation ||
      from.sequence.load(std::memory_order_relaxed) != sequence) [[unlikely]] {
    return false;
  }
  to.size.store(size, std::memory_order_relaxed);
  to.sequence.store(2, std::memory_order_relaxed);
  slot.head.operation_sequence = sequence;
  return true;
}

/// Copies the cell while the slot around it is of `generation`; false if it is not, or not any
/// more.
bool read_operation(const arena::Slot& slot, std::uint32_t generation,
                    OperationName& name) noexcept;

}  // namespace posthaste::produce

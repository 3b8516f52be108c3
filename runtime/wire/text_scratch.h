#pragma once

/// Memory for the texts that a record's mapping composes (a URL out of parts, a number as text, a
/// target). A fixed block, started anew for every record, so no text from outside sizes anything:
/// what does not fit is cut between characters, far above every limit of the fields that such texts
/// go into.
///
/// Threads: none; belongs to one encoder.

#include "runtime/wire/byte_buffer.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace posthaste::wire {

class TextScratch {
public:
  static constexpr std::size_t capacity = 65'536;

  TextScratch() : block_(std::make_unique_for_overwrite<char[]>(capacity)) {}

  /// Texts made so far are no longer good.
  void clear() noexcept { used_ = 0; }

  std::string_view join(std::initializer_list<std::string_view> parts) noexcept;
  std::string_view integer(std::int64_t value) noexcept;
  std::string_view number(double value) noexcept;  // also NaN, Infinity and -Infinity

  /// Room for a text of unknown length while it is made, emptied by every call.
  ByteBuffer& buffer() noexcept {
    buffer_.clear();
    return buffer_;
  }

  /// What is left of the block, for others to write into; `keep` then says how much is a text.
  std::span<char> room() noexcept { return {block_.get() + used_, capacity - used_}; }
  void keep(std::size_t size) noexcept { used_ += size; }

private:
  std::unique_ptr<char[]> block_;
  std::size_t used_ = 0;
  ByteBuffer buffer_;
};

}  // namespace posthaste::wire

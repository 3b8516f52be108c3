#pragma once

/// The entries that most are (attributes that are a short text, an integer or a double under a short
/// key, and short texts such as a span's name), from a record to OTLP's KeyValue and fields in one
/// pass: where every length is one byte, nothing has to be measured first. Texts are looked at
/// together, once, behind the last of them. Pure; for the OTLP encoder alone (otlp_items.h).
///
/// Room: up to eight bytes behind what is written may be written too. Read is nothing outside the
/// entries.

#include "runtime/model/record_view.h"
#include "runtime/wire/protobuf_writer.h"

#include <cstdint>

namespace posthaste::wire {

/// Copies texts, and knows whether all of them were ASCII. That may be denied of some that are: who
/// is told so writes them again, by `put_text`, which mends what is no UTF-8.
class CopiedTexts {
public:
  bool all_ascii() const noexcept {
    return ((words_ | wide_[0] | wide_[1]) & 0x8080'8080'8080'8080) == 0;
  }

  /// One byte at least. Of less than eight it reads and writes eight, from its first on.
  [[gnu::always_inline]] void copy_begin(char* to, const char* from, std::size_t size) noexcept {
    if (size >= 8) return copy(to, from, size);
    words_ |= protobuf::copy_word<std::uint64_t>(to, from) << (64 - 8 * size);
  }
  /// The same, but it reads the eight bytes up to its last.
  [[gnu::always_inline]] void copy_end(char* to, const char* from, std::size_t size) noexcept {
    if (size >= 8) return copy(to, from, size);
    std::uint64_t word = 0;
    std::memcpy(&word, from + size - sizeof word, sizeof word);
    word >>= 64 - 8 * size;
    std::memcpy(to, &word, sizeof word);
    words_ |= word;
  }

private:
  typedef unsigned long long Wide __attribute__((vector_size(16)));

  [[gnu::always_inline]] void copy(char* to, const char* from, std::size_t size) noexcept {
    if (size < 16) {
      words_ |= protobuf::copy_ends<std::uint64_t>(to, from, size);
      return;
    }
    wide_ |= protobuf::copy_ends<Wide>(to, from, size);
    for (std::size_t i = 16; i + 16 < size; i += 16) {
      wide_ |= protobuf::copy_word<Wide>(to + i, from + i);
    }
  }

  std::uint64_t words_ = 0;
  Wide wide_{};
};

/// Writes the usual entries that `entries` begins with, and passes over them: attributes as field
/// `field` (below 16), and what `put_plain(at, kind, text, texts)` writes of entries that are a text
/// of less than 128 bytes, whose end it gives; null: it is none of the usual ones.
template <class PutPlain>
[[gnu::always_inline]] inline char* put_usual_entries(char* at, std::uint32_t field,
                                                      model::EntryRange& entries,
                                                      CopiedTexts& texts,
                                                      const PutPlain& put_plain) noexcept {
  using namespace protobuf;
  constexpr std::size_t longest = 0x7F - 16;  // the heads, and what a number may take
  constexpr auto as = [](AttributeType type) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(model::EntryKind::attribute) |
                                      static_cast<unsigned>(type) << 8);
  };
  const char* from = entries.bytes().data();
  std::size_t left = entries.bytes().size();
  while (left >= sizeof(model::EntryHead)) {
    std::uint64_t head = 0;  // an EntryHead in a register
    std::memcpy(&head, from, sizeof head);
    const std::size_t size = head >> 32;
    const std::size_t key_size = head >> 16 & 0xFFFF;
    const char* const payload = from + sizeof head;
    const std::size_t step = sizeof head + ((size + 7) & ~std::size_t{7});
    if (size > longest || step > left) break;
    char* const key_at = at + 4;
    char* const value_at = key_at + key_size;
    const auto type = static_cast<std::uint16_t>(head);
    if (key_size == 0) {
      if (type > 0xFF) break;  // it has a value type, or is dead
      char* const end = put_plain(at, static_cast<model::EntryKind>(type), {payload, size}, texts);
      if (end == nullptr) break;
      at = end;
    } else if (type == as(AttributeType::string)) {
      if (key_size >= size) break;
      const std::size_t text_size = size - key_size;
      put_short_heads(at, field, size + 6, 1, key_size);
      texts.copy_begin(key_at, payload, key_size);
      put_short_heads(value_at, 2, text_size + 2, 1, text_size);
      texts.copy_end(value_at + 4, payload + key_size, text_size);
      at = value_at + 4 + text_size;
    } else if (type == as(AttributeType::int64) || type == as(AttributeType::float64)) {
      if (key_size + 8 > size) break;
      std::uint64_t value = 0;
      std::memcpy(&value, payload, sizeof value);
      texts.copy_begin(key_at, payload + sizeof value, key_size);
      char* const number_at = value_at + 2;
      char* const end = type == as(AttributeType::int64)
                            ? put_varint(put_tag(number_at, 3, WireType::varint), value)
                            : put_fixed64(number_at, 4, value);
      const auto value_size = static_cast<std::size_t>(end - number_at);
      put_short_head(value_at, 2, value_size);
      put_short_heads(at, field, key_size + value_size + 4, 1, key_size);
      at = end;
    } else {
      break;
    }
    from += step;
    left -= step;
  }
  entries = model::EntryRange({from, left});
  return at;
}

}  // namespace posthaste::wire

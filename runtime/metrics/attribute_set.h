#pragma once

/// A set of attributes as a series keeps it: attribute entries (model/record.h) one after the
/// other, ready to be copied into a point. It is found by what a caller passes, without building
/// anything: a hash that does not depend on the order, then a full compare.
///
/// Threads: pure. Only keys of 1 to 1,024 bytes that differ from each other make a set, with values
/// other than lists and maps; anything else is made one by `canonical` first, on the rare path.

#include "runtime/model/record_view.h"

#include <posthaste/attributes.h>
#include <posthaste/key_hash.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace posthaste::metrics {

inline constexpr std::size_t longest_key = 1024;  // bytes, as of spans and logs
inline constexpr std::size_t longest_set =
    16 * 1024;  // bytes of entries; attributes beyond are cut

namespace detail {

__extension__ typedef unsigned __int128 Wide;

inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class T>
std::uint64_t load(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline std::uint64_t hash_text(std::string_view text) noexcept {
  constexpr std::uint64_t k0 = 0xa076'1d64'78bd'642f, k1 = 0xe703'7ed1'a0b4'28db;
  if (text.size() <= 16) [[likely]] {
    // Spread by the fold that takes this in; the full compare is what tells texts apart.
    const TextEnds ends = TextEnds::of(text.data(), text.size());
    return (ends.first + text.size() * k1) ^ (ends.last * 0x9e37'79b9'7f4a'7c15);
  }
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = k0 + left * 0x9e37'79b9'7f4a'7c15;
  for (; left > 16; left -= 16, at += 16) {
    hash = fold(load<std::uint64_t>(at) ^ hash, load<std::uint64_t>(at + 8) ^ k1);
  }
  const TextEnds ends = TextEnds::of(at, left);
  return fold(ends.first ^ hash, ends.last ^ k1);
}

/// Of a key only its ends: keys of one family differ there, and a full compare
/// follows.
inline std::uint64_t hash_key(std::string_view key) noexcept {
  const TextEnds ends = TextEnds::of(key.data(), key.size());
  return ends.first ^ std::rotl(ends.last, 32);
}

std::uint64_t hash_array(const AttributeValue& value) noexcept;
bool same_array(const AttributeValue& value, std::string_view bytes) noexcept;

/// Whether the 16 bytes at both places are the same, and those `next` behind them.
[[gnu::always_inline]] inline bool same_16(const char* a, const char* b,
                                           std::size_t next) noexcept {
#if defined(__SSE2__)
  const auto same = [a, b](std::size_t at) {
    return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + at)),
                          _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + at)));
  };
  return _mm_movemask_epi8(_mm_and_si128(same(0), same(next))) == 0xffff;
#else
  const auto differs = [a, b](std::size_t at) {
    return load<std::uint64_t>(a + at) ^ load<std::uint64_t>(b + at);
  };
  return (differs(0) | differs(8) | differs(next) | differs(next + 8)) == 0;
#endif
}

[[gnu::always_inline]] inline bool same_bytes(const char* a, const char* b,
                                              std::size_t size) noexcept {
  if (size >= 16) {
    while (size > 32) {
      if (!same_16(a, b, 16)) return false;
      a += 32, b += 32, size -= 32;
    }
    if (size >= 16) return same_16(a, b, size - 16);
    return same_16(a + size - 16, b + size - 16, 0);
  }
  if (size >= 8) {
    return ((load<std::uint64_t>(a) ^ load<std::uint64_t>(b)) |
            (load<std::uint64_t>(a + size - 8) ^ load<std::uint64_t>(b + size - 8))) == 0;
  }
  if (size >= 4) {
    return ((load<std::uint32_t>(a) ^ load<std::uint32_t>(b)) |
            (load<std::uint32_t>(a + size - 4) ^ load<std::uint32_t>(b + size - 4))) == 0;
  }
  if (size == 0) return true;
  return a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1];
}

}  // namespace detail

/// The same for every order of the same attributes.
inline std::uint64_t hash_of(Attributes attributes) noexcept {
  constexpr std::uint64_t k2 = 0x8ebc'6af0'9c88'c6e3;
  std::uint64_t sum = attributes.size();
  for (const Attribute& each : attributes) {
    const AttributeType type = each.value.type();
    std::uint64_t value = each.value.word();
    if (type == AttributeType::string) {
      value = detail::hash_text(each.value.string());
    } else if (!model::is_word(type)) [[unlikely]] {
      value = detail::hash_array(each.value);
    }
    // Not its type: values that differ in it alone are rare, and a full compare follows.
    sum += detail::fold(detail::hash_key(each.key), value ^ k2);
  }
  return sum;
}

/// Entries of a set, borrowed.
class AttributeSet {
public:
  AttributeSet() = default;
  AttributeSet(const std::byte* entries, std::uint32_t size, std::uint32_t count) noexcept
      : entries_(reinterpret_cast<const char*>(entries)), size_(size), count_(count) {}

  std::uint32_t count() const noexcept { return count_; }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(entries_), size_};
  }
  model::EntryRange entries() const noexcept { return model::EntryRange({entries_, size_}); }

  /// Whether these attributes, in any order, are this set and no more.
  bool matches(Attributes attributes) const noexcept {
    if (attributes.size() != count_) return false;
    const char* at = entries_;
    for (const Attribute& each : attributes) {
      if (!same_entry(at, each)) return matches_in_other_order(attributes);
    }
    return true;
  }

private:
  /// Compares one entry and steps over it.
  [[gnu::always_inline]] static bool same_entry(const char*& at, const Attribute& given) noexcept {
    model::EntryHead head;
    std::memcpy(&head, at, sizeof head);
    const char* const payload = at + sizeof head;
    const AttributeType type = given.value.type();
    // Kind, type and size of the key in one comparison.
    const std::uint64_t expected = static_cast<std::uint64_t>(model::EntryKind::attribute) |
                                   static_cast<std::uint64_t>(type) << 8 |
                                   static_cast<std::uint64_t>(given.key.size()) << 16;
    if (detail::load<std::uint32_t>(at) != expected) {
      at = payload + model::padded(head.size);
      return false;
    }
    at = payload + model::padded(head.size);
    if (type == AttributeType::string) [[likely]] {
      const std::string_view text = given.value.string();
      return head.size - head.key_size == text.size() &&
             detail::same_bytes(payload, given.key.data(), head.key_size) &&
             detail::same_bytes(payload + head.key_size, text.data(), text.size());
    }
    if (model::is_word(type)) {
      return detail::load<std::uint64_t>(payload) == given.value.word() &&
             detail::same_bytes(payload + 8, given.key.data(), head.key_size);
    }
    if (!detail::same_bytes(payload, given.key.data(), head.key_size)) return false;
    const std::string_view value(payload + head.key_size, head.size - head.key_size);
    return detail::same_array(given.value, value);
  }
  bool matches_in_other_order(Attributes attributes) const noexcept;

  const char* entries_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t count_ = 0;
};

/// Attributes picked out of a caller's; borrows like they do. Up to 32 take no memory.
class AttributePick {
public:
  void add(const Attribute& attribute);
  Attributes all() const noexcept;

private:
  static constexpr std::size_t room = 32;
  alignas(Attribute) std::byte few_[room * sizeof(Attribute)];
  std::size_t size_ = 0;
  std::vector<Attribute> many_;  // all of them, once there are more
};

/// Whether the attributes make a set as they are.
bool is_canonical(Attributes attributes) noexcept;
/// What is left of a caller's attributes when it is made a set: of equal keys the last, no key that
/// is empty or too long, no list or map, no more than `longest_set` bytes.
void pick_canonical(Attributes attributes, AttributePick& into);
/// Appends the set's entries. The attributes are canonical.
void append_set(std::vector<std::byte>& to, Attributes attributes);

}  // namespace posthaste::metrics

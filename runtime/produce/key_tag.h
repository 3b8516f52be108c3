#pragma once

/// A cheap hash of attribute keys, for finding a key that a span has already. Equal keys have equal
/// hashes; that different ones sometimes do costs only a walk. Pure.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace posthaste::produce {

class KeyHash {
public:
  explicit KeyHash(std::string_view key) noexcept : hash_(mix(key)) {}

  std::uint64_t bloom_bit() const noexcept { return std::uint64_t{1} << (hash_ >> 58); }
  std::uint16_t tag() const noexcept { return static_cast<std::uint16_t>(hash_ >> 42); }

private:
  template <class T>
  static std::uint64_t load(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }

  /// The first and the last eight bytes and the length: keys of one family differ there.
  static std::uint64_t mix(std::string_view key) noexcept {
    const char* const at = key.data();
    const std::size_t size = key.size();
    std::uint64_t first = 0, last = 0;
    if (size >= 8) {
      first = load<std::uint64_t>(at);
      last = load<std::uint64_t>(at + size - 8);
    } else if (size >= 4) {
      first = load<std::uint32_t>(at);
      last = load<std::uint32_t>(at + size - 4);
    } else if (size > 0) {
      first = load<std::uint8_t>(at) | load<std::uint8_t>(at + size / 2) << 8 |
              load<std::uint8_t>(at + size - 1) << 16;
    }
    // The upper bits of the product depend on every bit; the ends of keys differ in their last
    // bytes, which turning brings down to where the multiplication spreads them.
    return ((first + size) ^ std::rotl(last, 32)) * 0x9e37'79b9'7f4a'7c15;
  }

  std::uint64_t hash_;
};

}  // namespace posthaste::produce

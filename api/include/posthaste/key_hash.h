#pragma once

/// A cheap hash of attribute keys: for a key that the compiler knows, it is a number in the code.
/// Equal keys have equal hashes; that different ones sometimes do costs only a walk. The library
/// and its callers must agree on it, so it changes only with the library's SONAME.
///
/// Pure; any thread; never blocks; no limits, no errors.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace posthaste {

/// The first and the last eight bytes of a text, which overlap in a short one; less than four bytes
/// are all in `first`.
struct TextEnds {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  [[gnu::always_inline]] static TextEnds of(const char* at, std::size_t size) noexcept {
    if (size >= 8) return {load<std::uint64_t>(at), load<std::uint64_t>(at + size - 8)};
    if (size >= 4) return {load<std::uint32_t>(at), load<std::uint32_t>(at + size - 4)};
    if (size == 0) return {};
    return {load<std::uint8_t>(at) | load<std::uint8_t>(at + size / 2) << 8 |
                load<std::uint8_t>(at + size - 1) << 16,
            0};
  }

private:
  template <class T>
  [[gnu::always_inline]] static std::uint64_t load(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
};

// Everything is in line and without loops, so that the compiler sees through it.
class KeyHash {
public:
  /// Not worked out yet.
  KeyHash() noexcept = default;
  [[gnu::always_inline]] explicit KeyHash(std::string_view key) noexcept : bits_(mix(key)) {}

  /// The key's if the compiler knows it, else none: the library works it out then, rather than
  /// each place that calls it.
  [[gnu::always_inline]] static KeyHash if_constant(std::string_view key) noexcept {
    const std::uint64_t bits = mix(key);
    return __builtin_constant_p(bits) ? KeyHash(bits) : KeyHash();
  }

  bool known() const noexcept { return bits_ != 0; }
  /// Below 64.
  std::uint32_t bloom_bit() const noexcept { return static_cast<std::uint32_t>(bits_ >> 58); }
  /// One of the keys that name the operation of a local root, when they are set on it.
  bool names_operation() const noexcept { return (bits_ & 2) != 0; }
  std::uint16_t tag() const noexcept { return static_cast<std::uint16_t>(bits_ >> 42); }

private:
  explicit KeyHash(std::uint64_t bits) noexcept : bits_(bits) {}

  /// The first and the last eight bytes and the length: keys of one family differ there.
  [[gnu::always_inline]] static std::uint64_t mix(std::string_view key) noexcept {
    const TextEnds ends = TextEnds::of(key.data(), key.size());
    // The upper bits of the product depend on every bit; the ends of keys differ in their last
    // bytes, which turning brings down to where the multiplication spreads them.
    const std::uint64_t product =
        ((ends.first + key.size()) ^ std::rotl(ends.last, 32)) * 0x9e37'79b9'7f4a'7c15;
    return (product & ~std::uint64_t{3}) | 1 | (is_operation_key(key) ? 2u : 0u);
  }

  /// Those that the mapping to Application Insights names a request by.
  [[gnu::always_inline]] static bool is_operation_key(std::string_view key) noexcept {
    switch (key.size()) {
      case 8: return key == "url.full" || key == "http.url";
      case 10: return key == "http.route";
      case 11: return key == "http.method";
      case 17: return key == "ai.operation.name";
      case 19: return key == "http.request.method";
      case 24: return key == "microsoft.operation_name";
      default: return false;
    }
  }

  std::uint64_t bits_ = 0;
};

}  // namespace posthaste

#include "tools/emulator/item_hash.h"

#include <cstring>

namespace posthaste::tools {
namespace {

constexpr std::uint64_t first_odd = 0x9E3779B97F4A7C15;
constexpr std::uint64_t second_odd = 0xD6E8FEB86659FD93;

__extension__ using Product = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word(const char* from, std::size_t bytes) noexcept {
  std::uint64_t value = 0;
  if (bytes != 0) std::memcpy(&value, from, bytes);  // an empty text may have no address
  return value;
}

/// The length goes in as well, so that neighbouring texts cannot trade characters.
std::uint64_t mix(std::uint64_t state, std::string_view text) noexcept {
  state ^= text.size() * second_odd;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 16; left -= 16, at += 16) {
    state = fold(word(at, 8) ^ state ^ first_odd, word(at + 8, 8) ^ second_odd);
  }
  const std::uint64_t low = left >= 8 ? word(at, 8) : word(at, left);
  const std::uint64_t high = left > 8 ? word(at + 8, left - 8) : 0;
  return fold(low ^ state ^ first_odd, high ^ second_odd);
}

}  // namespace

std::uint64_t hash_of(const ItemFacts& item) noexcept {
  std::uint64_t state = mix(static_cast<std::uint64_t>(item.type), item.ikey);
  if (item.id.empty()) return mix(state, item.raw);
  state = mix(state, item.operation_id);
  state = mix(state, item.id);
  state = mix(state, item.time);
  return mix(state, item.name);
}

}  // namespace posthaste::tools

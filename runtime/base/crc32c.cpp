#include "runtime/base/crc32c.h"

#include <array>
#include <cstring>

namespace posthaste {
namespace {

constexpr std::uint32_t reflected_polynomial = 0x82F63B78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ ((value & 1) != 0 ? reflected_polynomial : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> table = make_table();

#if defined(__x86_64__)
// No lambda: clang gives it none of its function's target.
__attribute__((target("sse4.2"), always_inline)) inline std::uint64_t crc_of_word(
    std::uint64_t crc, const std::byte* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return __builtin_ia32_crc32di(crc, word);
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(
    std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  std::uint64_t crc = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 64; at += 64, left -= 64) {
    crc = crc_of_word(crc, at);
    crc = crc_of_word(crc, at + 8);
    crc = crc_of_word(crc, at + 16);
    crc = crc_of_word(crc, at + 24);
    crc = crc_of_word(crc, at + 32);
    crc = crc_of_word(crc, at + 40);
    crc = crc_of_word(crc, at + 48);
    crc = crc_of_word(crc, at + 56);
  }
  for (; left >= 8; at += 8, left -= 8) crc = crc_of_word(crc, at);
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left)
    narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  for (const std::byte byte : bytes)
    crc = (crc >> 8) ^ table[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFF];
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_by_instruction(bytes, before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace posthaste

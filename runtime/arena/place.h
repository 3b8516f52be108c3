#pragma once

/// Where a record lies in a lane: segment, offset, and the segment's epoch, which grows each time
/// the segment is used again, so that a place names one record for ever. Packed into 64 bits, of
/// which 0 means "nowhere" (epochs start at 1).

#include <cstdint>

namespace posthaste::arena {

inline constexpr std::uint32_t segment_size = 65'536;
using SegmentIndex = std::uint32_t;
inline constexpr SegmentIndex no_segment = 0xffff'ffff;

struct Place {
  std::uint32_t epoch = 0;
  SegmentIndex segment = 0;  // below 65,536
  std::uint32_t offset = 0;  // bytes, a multiple of 8

  constexpr std::uint64_t packed() const noexcept {
    return std::uint64_t{epoch} << 32 | std::uint64_t{segment} << 16 | offset >> 3;
  }
  static constexpr Place unpacked(std::uint64_t bits) noexcept {
    return {static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits >> 16 & 0xffff),
            static_cast<std::uint32_t>(bits & 0xffff) << 3};
  }
  friend constexpr bool operator==(const Place&, const Place&) = default;
};

/// Its upper half is the check word of a record's commit: a reader tells a whole record from a hole
/// and from the bytes of an earlier epoch by it, also after a crash.
constexpr std::uint64_t commit_check(std::uint64_t secret, std::uint64_t place,
                                     std::uint32_t length) noexcept {
  return (secret + place) * 0x9e37'79b9'7f4a'7c15 ^ std::uint64_t{length} * 0xc2b2'ae3d'27d4'eb4f;
}

/// Whether that is the commit word of a record there.
constexpr bool is_commit_word(std::uint64_t word, std::uint64_t secret,
                              std::uint64_t place) noexcept {
  return (word ^ commit_check(secret, place, static_cast<std::uint32_t>(word))) >> 32 == 0;
}

/// The commit word that RecordHead::commit takes once the record is whole.
constexpr std::uint64_t commit_word(std::uint64_t secret, std::uint64_t place,
                                    std::uint32_t length) noexcept {
  return commit_check(secret, place, length) >> 32 << 32 | length;
}

}  // namespace posthaste::arena

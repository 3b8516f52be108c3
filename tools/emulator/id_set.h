#pragma once

/// A bounded set of 64-bit hashes, for telling what came before. 8 bytes a place, at most half
/// full to three quarters; split into shards so that growing stops the emulator for milliseconds
/// only, however many it holds.
///
/// Threads:  one.
/// Overflow: a full set takes no new hash, says so, and still knows the old ones.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace posthaste::tools {

class IdSet {
public:
  enum class Outcome : std::uint8_t { fresh, seen, untracked };

  explicit IdSet(std::size_t most) : most_(most) {}

  Outcome insert(std::uint64_t hash);
  std::size_t size() const noexcept { return size_; }
  void clear();

private:
  struct Shard {
    std::vector<std::uint64_t> places;  // a power of two of them; 0 is free
    std::size_t used = 0;
  };
  static void grow(Shard& shard);

  std::array<Shard, 256> shards_;
  std::size_t most_;
  std::size_t size_ = 0;
};

}  // namespace posthaste::tools

#include "tools/emulator/id_set.h"

namespace posthaste::tools {
namespace {

std::uint64_t* place_of(std::vector<std::uint64_t>& places, std::uint64_t hash) noexcept {
  const std::size_t mask = places.size() - 1;
  std::size_t at = hash & mask;
  while (places[at] != 0 && places[at] != hash) at = (at + 1) & mask;
  return &places[at];
}

}  // namespace

IdSet::Outcome IdSet::insert(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  Shard& shard = shards_[hash >> 56];
  if (4 * (shard.used + 1) > 3 * shard.places.size()) grow(shard);
  std::uint64_t* const place = place_of(shard.places, hash);
  if (*place == hash) return Outcome::seen;
  if (size_ >= most_) return Outcome::untracked;
  *place = hash;
  ++shard.used;
  ++size_;
  return Outcome::fresh;
}

void IdSet::grow(Shard& shard) {
  std::vector<std::uint64_t> bigger(shard.places.empty() ? 64 : 2 * shard.places.size());
  for (const std::uint64_t hash : shard.places) {
    if (hash != 0) *place_of(bigger, hash) = hash;
  }
  shard.places = std::move(bigger);
}

void IdSet::clear() {
  shards_ = {};
  size_ = 0;
}

}  // namespace posthaste::tools

// An item map and a compressed body, as the store or the arena may give them back.

#include "runtime/wire/body_lines.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace wire = posthaste::wire;

namespace {

void check_cut(const wire::ItemMap& map, std::span<const std::byte> body) {
  static wire::Compressor& compressor = *new wire::Compressor;
  std::vector<std::uint32_t> odd;
  for (std::uint32_t i = 1; i < map.items(); i += 2) odd.push_back(i);
  const auto cut = wire::select_items(body, {}, map, odd, {}, compressor);
  if (cut && cut->map.items() != odd.size()) std::abort();
  const auto halves = wire::split(body, map, compressor);
  if (halves && halves->first.map.items() + halves->second.map.items() != map.items()) std::abort();
}

}  // namespace

/// The first byte says how long the map is; behind it the body, packed or as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const std::size_t map_size = std::min<std::size_t>(data[0] & 0x7F, size - 1);
  const auto map = wire::ItemMap::parse(bytes.subspan(1, map_size));
  if (!map) return 0;
  wire::ByteBuffer again;
  map->append_to(again);
  if (!(*wire::ItemMap::parse(again.bytes()) == *map)) std::abort();
  const auto body = bytes.subspan(1 + map_size);
  if ((data[0] & 0x80) == 0) {
    check_cut(*map, body);
    return 0;
  }
  static wire::Compressor& packer = *new wire::Compressor;
  wire::ByteBuffer packed;
  if (packer.gzip(body, packed)) check_cut(*map, packed.bytes());
  return 0;
}

/// The first bytes of a file that claims to be an arena: its head, and what to do with it.

#include "runtime/arena/orphans.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthaste;
  if (size < 8) return 0;
  const std::span<const std::byte> start(reinterpret_cast<const std::byte*>(data), size);
  for (const std::size_t file_size : {size, std::size_t{1} << 20, std::size_t{1} << 33}) {
    const auto head = arena::read_orphan_head(start, file_size);
    const arena::OrphanSearch search{.directories = {}, .output_ids = {1, 2}};
    const arena::OrphanFate fate = arena::judge_orphan(head, search, WallTime{});
    if (fate == arena::OrphanFate::adopt && arena::Arena::size_of(head->geometry) > file_size) {
      __builtin_trap();
    }
  }
  return 0;
}

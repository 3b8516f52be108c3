#include "runtime/arena/memory_left.h"

#include "runtime/host/cgroup_reader.h"

namespace posthaste::arena {

std::optional<Bytes> memory_left(const std::string& root) {
  const auto memory = host::CgroupReader(root).memory();
  if (!memory || !memory->available) return std::nullopt;
  return Bytes{*memory->available};
}

}  // namespace posthaste::arena

#include "actors/lane_mark.h"

#include <algorithm>

namespace posthaste::actors {

LaneMark::LaneMark(const arena::Arena& arena) : arena_(arena) {
  for (arena::SegmentIndex i = 0; i < arena.geometry().segments; ++i) {
    const arena::SegmentDescriptor& descriptor = arena.descriptor(i);
    if (descriptor.use.load(std::memory_order_acquire) != arena::SegmentUse::lane) continue;
    const std::uint64_t reserved = descriptor.reserved.load(std::memory_order_acquire);
    const std::uint32_t sealed = descriptor.sealed.load(std::memory_order_acquire);
    const std::uint32_t written = std::min(static_cast<std::uint32_t>(reserved), sealed);
    const std::uint32_t end = std::min(written, arena::segment_size);
    if (descriptor.drained.load(std::memory_order_relaxed) >= end) continue;
    open_.push_back({i, static_cast<std::uint32_t>(reserved >> 32), end});
  }
}

bool LaneMark::reached() {
  std::erase_if(open_, [this](const Stretch& stretch) {
    const arena::SegmentDescriptor& descriptor = arena_.descriptor(stretch.segment);
    if (descriptor.epoch.load(std::memory_order_acquire) != stretch.epoch) return true;
    const arena::SegmentUse use = descriptor.use.load(std::memory_order_acquire);
    if (use != arena::SegmentUse::lane) return true;
    // A segment whose writer crossed its end is sealed below what had been reserved.
    const std::uint32_t sealed = descriptor.sealed.load(std::memory_order_acquire);
    return descriptor.drained.load(std::memory_order_relaxed) >= std::min(stretch.end, sealed);
  });
  return open_.empty();
}

}  // namespace posthaste::actors

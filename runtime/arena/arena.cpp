#include "runtime/arena/arena.h"

#include <algorithm>
#include <string>

namespace posthaste::arena {
namespace {

constexpr std::size_t page = 4096;
constexpr std::uint32_t least_segments = 16;

constexpr std::size_t paged(std::size_t size) noexcept {
  return (size + page - 1) / page * page;
}

/// Where each part starts, in the order of layout.h; the last is the size of all.
struct Offsets {
  std::size_t lanes, outputs, bodies, log_ring, descriptors, scopes, resource, segments, end;

  explicit Offsets(const Geometry& geometry) noexcept {
    lanes = page;
    outputs = lanes + paged((geometry.lanes + 1) * sizeof(LaneHead));
    bodies = outputs + paged(geometry.outputs * sizeof(OutputHead));
    log_ring = bodies + paged(geometry.outputs * bodies_per_output * sizeof(BodyEntry));
    descriptors = log_ring + paged(geometry.segments * sizeof(std::uint32_t));
    scopes = descriptors + paged(geometry.segments * sizeof(SegmentDescriptor));
    resource = scopes + scope_table_size;
    segments = resource + 2 * resource_size_limit;
    end = segments + std::size_t{geometry.segments} * segment_size;
  }
};

constexpr std::uint64_t tag_step = std::uint64_t{1} << 32;
constexpr std::uint64_t index_mask = tag_step - 1;

}  // namespace

std::size_t Arena::size_of(const Geometry& geometry) noexcept {
  return Offsets(geometry).end;
}

std::size_t Arena::tables_size(const Geometry& geometry) noexcept {
  return Offsets(geometry).segments;
}

std::size_t Arena::outputs_offset(const Geometry& geometry) noexcept {
  return Offsets(geometry).outputs;
}

bool Arena::is_sane(const Geometry& geometry) noexcept {
  return geometry.lanes >= 1 && geometry.lanes <= most_lanes && geometry.outputs >= 1 &&
         geometry.outputs <= most_outputs && geometry.segments >= least_segments &&
         geometry.segments <= most_segments;
}

Result<Geometry> Arena::geometry_for(Bytes size, std::uint32_t lanes, std::uint32_t outputs) {
  Geometry geometry{0, std::clamp(lanes, 1u, most_lanes), std::clamp(outputs, 1u, most_outputs)};
  const std::size_t fixed = size_of(geometry) + 2 * page;
  const std::size_t per_segment = segment_size + sizeof(SegmentDescriptor) + sizeof(std::uint32_t);
  const std::uint64_t room = size.count > fixed ? (size.count - fixed) / per_segment : 0;
  if (room < least_segments) {
    const std::size_t least = fixed + least_segments * per_segment;
    return Error(ErrorCode::arena_unavailable,
                 "arena_size is " + std::to_string(size.count) + " bytes, which is too small for " +
                     std::to_string(geometry.outputs) + " output(s): give at least " +
                     std::to_string(least));
  }
  geometry.segments = static_cast<std::uint32_t>(std::min<std::uint64_t>(room, most_segments));
  return geometry;
}

void Arena::locate(std::byte* base, const Geometry& geometry) noexcept {
  const Offsets at(geometry);
  base_ = base;
  geometry_ = geometry;
  lanes_ = reinterpret_cast<LaneHead*>(base + at.lanes);
  outputs_ = reinterpret_cast<OutputHead*>(base + at.outputs);
  bodies_ = reinterpret_cast<BodyEntry*>(base + at.bodies);
  log_ring_ = reinterpret_cast<std::uint32_t*>(base + at.log_ring);
  descriptors_ = reinterpret_cast<SegmentDescriptor*>(base + at.descriptors);
  scopes_ = base + at.scopes;
  resource_ = base + at.resource;
  segments_ = base + at.segments;
}

Arena Arena::format(std::span<std::byte> zeroed, const Geometry& geometry, const ArenaId& id,
                    std::uint64_t secret, std::uint32_t generation_base) {
  Arena arena;
  arena.locate(zeroed.data(), geometry);
  ArenaHeader& header = arena.header();
  header.version = format_version;
  header.header_size = sizeof(ArenaHeader);
  header.geometry = geometry;
  header.secret = secret;
  header.id = id;
  header.tick_source = tick_source();
  for (std::uint32_t i = 0; i <= geometry.lanes; ++i) {
    arena.lane(i).current.store(no_segment, std::memory_order_relaxed);
    arena.lane(i).free_slots.store(no_slot, std::memory_order_relaxed);
  }
  for (SegmentIndex i = 0; i < geometry.segments; ++i) {
    SegmentDescriptor& descriptor = arena.descriptor(i);
    descriptor.epoch.store(generation_base, std::memory_order_relaxed);
    descriptor.reserved.store(closed_offset, std::memory_order_relaxed);
    descriptor.next_free.store(no_segment, std::memory_order_relaxed);
  }
  for (std::uint32_t i = 0; i < geometry.outputs; ++i) {
    for (auto& segment : arena.output(i).body_segment) segment.store(no_segment);
  }
  header.free_list.store(no_segment, std::memory_order_relaxed);
  std::atomic_ref(header.magic).store(arena_magic, std::memory_order_release);
  return arena;
}

Result<Arena> Arena::open(std::span<std::byte> memory) {
  const auto foreign = [](const char* what) {
    return Error(ErrorCode::arena_foreign, std::string("not an arena of this version: ") + what);
  };
  if (memory.size() < page) return foreign("smaller than a header");
  const auto& header = *reinterpret_cast<const ArenaHeader*>(memory.data());
  if (header.magic != arena_magic) return foreign("no magic number");
  if (header.version != format_version || header.header_size != sizeof(ArenaHeader)) {
    return foreign("another format version");
  }
  const Geometry geometry = header.geometry;
  if (!is_sane(geometry)) return foreign("a geometry out of bounds");
  if (size_of(geometry) > memory.size()) return foreign("shorter than its geometry says");
  Arena arena;
  arena.locate(memory.data(), geometry);
  return arena;
}

/// Where all lanes are full and everything behind them is settled, each output may still hold the
/// segment that it fills with bodies, and the log must find one above its own floor: or nothing
/// moves.
std::uint32_t Arena::floor(Claim claim) const noexcept {
  const std::uint32_t there = usable_segments();
  const std::uint32_t log = std::max(there / 16, 1u);
  const std::uint32_t failures = std::max(there / 12, log + geometry_.outputs + 1);
  switch (claim) {
    case Claim::ordinary: return std::max(there / 8, failures + 1);
    case Claim::failures: return failures;
    case Claim::log: return log;
    case Claim::bodies: break;
  }
  return 0;
}

std::uint32_t Arena::missing_ahead() const noexcept {
  const std::uint32_t wanted = floor(Claim::ordinary) + segments_ahead;
  return wanted - std::min(wanted, free_segments());
}

bool Arena::is_short() const noexcept {
  const std::uint32_t few = std::min(segments_ahead, geometry_.segments / 4) / 2;
  return free_segments() < floor(Claim::ordinary) + few;
}

std::uint32_t Arena::add_segments(std::uint32_t count) const noexcept {
  const std::uint32_t first = usable_segments();
  const std::uint32_t last = first + std::min(count, geometry_.segments - first);
  for (SegmentIndex i = last; i > first; --i) give_back(i - 1);
  header().touched.store(last, std::memory_order_release);
  return last - first;
}

std::optional<SegmentIndex> Arena::take_segment(SegmentUse use, Claim claim) const noexcept {
  ArenaHeader& header = this->header();
  if (header.free_count.load(std::memory_order_relaxed) <= floor(claim)) return std::nullopt;
  std::uint64_t top = header.free_list.load(std::memory_order_acquire);
  for (;;) {
    const auto index = static_cast<SegmentIndex>(top & index_mask);
    if (index >= geometry_.segments) return std::nullopt;
    const std::uint64_t next = descriptor(index).next_free.load(std::memory_order_relaxed);
    const std::uint64_t wanted = ((top & ~index_mask) + tag_step) | next;
    if (header.free_list.compare_exchange_weak(top, wanted, std::memory_order_acq_rel)) break;
  }
  header.free_count.fetch_sub(1, std::memory_order_relaxed);
  const auto index = static_cast<SegmentIndex>(top & index_mask);
  SegmentDescriptor& taken = descriptor(index);
  const std::uint32_t epoch = taken.epoch.load(std::memory_order_relaxed) + 1;
  taken.epoch.store(epoch, std::memory_order_release);
  taken.sealed.store(not_sealed, std::memory_order_relaxed);
  taken.previous.store(0, std::memory_order_relaxed);
  taken.drained.store(0, std::memory_order_relaxed);
  taken.live.store(0, std::memory_order_relaxed);
  taken.log_ordinal.store(0, std::memory_order_relaxed);
  taken.use.store(use, std::memory_order_release);
  const std::uint32_t offset = use == SegmentUse::lane ? 0 : closed_offset;
  taken.reserved.store(std::uint64_t{epoch} << 32 | offset, std::memory_order_release);
  return index;
}

void Arena::give_back(SegmentIndex segment) const noexcept {
  ArenaHeader& header = this->header();
  SegmentDescriptor& given = descriptor(segment);
  given.use.store(SegmentUse::free, std::memory_order_release);
  header.free_count.fetch_add(1, std::memory_order_relaxed);  // before: the count never wraps
  std::uint64_t top = header.free_list.load(std::memory_order_relaxed);
  std::uint64_t wanted;
  do {
    given.next_free.store(static_cast<std::uint32_t>(top & index_mask), std::memory_order_relaxed);
    wanted = ((top & ~index_mask) + tag_step) | segment;
  } while (!header.free_list.compare_exchange_weak(top, wanted, std::memory_order_release,
                                                   std::memory_order_relaxed));
}

std::span<const std::byte> Arena::resource() const noexcept {
  const std::uint64_t word = header().resource.load(std::memory_order_acquire);
  const std::size_t size = std::min<std::uint64_t>(word & index_mask, resource_size_limit);
  return {resource_ + (word >> 32) % 2 * resource_size_limit, size};
}

bool Arena::set_resource(std::span<const std::byte> bytes) const noexcept {
  if (bytes.size() > resource_size_limit) return false;
  const std::uint32_t revision = resource_revision() + 1;
  std::copy(bytes.begin(), bytes.end(), resource_ + revision % 2 * resource_size_limit);
  header().resource.store(std::uint64_t{revision} << 32 | bytes.size(), std::memory_order_release);
  return true;
}

TickScale Arena::tick_scale() const noexcept {
  ArenaHeader& header = this->header();
  for (;;) {
    const std::uint32_t before = header.scale_sequence.load(std::memory_order_acquire);
    TickScale scale;
    scale.tick = std::atomic_ref(header.scale.tick).load(std::memory_order_relaxed);
    scale.wall_ns = std::atomic_ref(header.scale.wall_ns).load(std::memory_order_relaxed);
    scale.ns_per_tick_q32 =
        std::atomic_ref(header.scale.ns_per_tick_q32).load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint32_t after = header.scale_sequence.load(std::memory_order_relaxed);
    if (before == after && before % 2 == 0) return scale;
  }
}

void Arena::set_tick_scale(const TickScale& scale) const noexcept {
  ArenaHeader& header = this->header();
  const std::uint32_t sequence = header.scale_sequence.load(std::memory_order_relaxed) & ~1u;
  header.scale_sequence.store(sequence + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  std::atomic_ref(header.scale.tick).store(scale.tick, std::memory_order_relaxed);
  std::atomic_ref(header.scale.wall_ns).store(scale.wall_ns, std::memory_order_relaxed);
  std::atomic_ref(header.scale.ns_per_tick_q32)
      .store(scale.ns_per_tick_q32, std::memory_order_relaxed);
  header.scale_sequence.store(sequence + 2, std::memory_order_release);
}

Counts<RefusalReason> Arena::sum_of(RefusalRow LaneHead::*row) const noexcept {
  Counts<RefusalReason> sums;
  for (std::uint32_t number = 0; number <= geometry_.lanes; ++number) {
    for (std::size_t reason = 0; reason < refusal_count; ++reason) {
      sums[static_cast<RefusalReason>(reason)] +=
          (lane(number).*row)[reason].load(std::memory_order_relaxed);
    }
  }
  return sums;
}

Counts<RefusalReason> Arena::refused_logs() const noexcept {
  return sum_of(&LaneHead::refused_logs);
}

Counts<RefusalReason> Arena::refused() const noexcept {
  Counts<RefusalReason> sums = sum_of(&LaneHead::refused);
  const Counts<RefusalReason> logs = refused_logs();
  for (std::size_t reason = 0; reason < refusal_count; ++reason) {
    sums[static_cast<RefusalReason>(reason)] += logs[static_cast<RefusalReason>(reason)];
  }
  return sums;
}

}  // namespace posthaste::arena

#include "api/flight_recorder.h"

#include "runtime/base/boot_clock.h"
#include "runtime/base/entropy.h"
#include "runtime/model/resource.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <thread>

namespace posthaste {
namespace {

/// So much is there before the first record; the sampler gets more ahead of need.
constexpr std::uint32_t first_segments = 48;

std::uint32_t lanes_of_this_machine() noexcept {
  return std::clamp(2 * std::thread::hardware_concurrency(), 2u, arena::most_lanes);
}

arena::ArenaId new_arena_id() noexcept {
  arena::ArenaId id;
  const std::uint64_t words[2] = {entropy(), entropy()};
  std::memcpy(id.data(), words, sizeof words);
  return id;
}

std::array<char, 40> boot_id_text() noexcept {
  std::array<char, 40> text{};
  constexpr char digits[] = "0123456789abcdef";
  std::size_t at = 0;
  for (const std::byte byte : system_boot_time().boot) {
    text[at++] = digits[std::to_integer<unsigned>(byte) >> 4];
    text[at++] = digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

model::Resource resource_of(const config::Resource& settings) {
  model::Resource resource;
  for (const auto& [key, value] : settings.attributes) {
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    const bool is_pid = key == "process.pid" && parsed.ec == std::errc() && parsed.ptr == end;
    resource.set(key, is_pid ? AttributeValue(number) : AttributeValue(value));
  }
  return resource;
}

void sign(const arena::Arena& arena, const config::FinalSettings& settings) {
  arena::ArenaHeader& header = arena.header();
  header.pid = static_cast<std::uint32_t>(::getpid());
  header.boot_id = boot_id_text();
  header.started_wall_ns = system_clock().wall().time_since_epoch().count();
  arena.set_tick_scale(TickCalibration::first());
  // Within the bounds of config::Resource it always fits.
  arena.set_resource(resource_of(settings.resource()).bytes());
}

}  // namespace

Result<FlightRecorder> make_flight_recorder(const config::FinalSettings& settings) {
  const auto outputs = static_cast<std::uint32_t>(settings.outputs().size());
  auto geometry =
      arena::Arena::geometry_for(settings.arena().size, lanes_of_this_machine(), outputs);
  if (!geometry) return std::move(geometry).error();
  arena::RegionOptions options;
  options.size = arena::Arena::size_of(*geometry);
  options.populated = options.size - std::size_t{geometry->segments} * arena::segment_size;
  options.random = entropy();
  for (const auto& candidate : settings.arena().directories) {
    options.directories.push_back(candidate.path);
  }
  auto region = arena::Region::create(options);
  if (!region) return std::move(region).error();
  FlightRecorder recorder;
  recorder.region = std::make_unique<arena::Region>(std::move(*region));
  recorder.arena = arena::Arena::format(recorder.region->memory(), *geometry, new_arena_id(),
                                        entropy(), recorder.region->generation_base());
  const auto extended = recorder.region->extend(recorder.arena, first_segments);
  if (!extended) return extended.error();
  sign(recorder.arena, settings);
  return recorder;
}

}  // namespace posthaste

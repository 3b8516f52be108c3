#include "runtime/wire/item_map.h"

#include <optional>

namespace posthaste::wire {
namespace {

/// In the place of `own`: no run, but the signal of those behind it.
constexpr std::uint32_t signal_mark = 3;

void put_varint(ByteBuffer& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::optional<std::uint32_t> take_varint(std::span<const std::byte>& bytes) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    value |= (byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      if (value > UINT32_MAX) return std::nullopt;
      return static_cast<std::uint32_t>(value);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<ItemMap> ItemMap::parse(std::span<const std::byte> bytes) {
  ItemMap map;
  auto signal = model::Signal::unknown;
  while (!bytes.empty()) {
    const auto head = take_varint(bytes);
    if (head && (*head & 3) == signal_mark) {
      if (*head >> 2 >= model::signal_count) {
        return Error(ErrorCode::bad_response, "item map: a signal that cannot be");
      }
      signal = static_cast<model::Signal>(*head >> 2);
      continue;
    }
    const auto repeat = take_varint(bytes);
    if (!head || !repeat) return Error(ErrorCode::bad_response, "item map: cut short");
    const std::uint32_t items = *head >> 2;
    const std::uint32_t own = *head & 3;
    const std::uint64_t all = std::uint64_t{items} * *repeat;
    if (items == 0 || *repeat == 0 || map.items_ + all > item_limit) {
      return Error(ErrorCode::bad_response, "item map: a run that cannot be");
    }
    map.runs_.push_back({items, static_cast<OwnLine>(own), *repeat, signal});
    map.items_ += static_cast<std::uint32_t>(all);
    if (static_cast<OwnLine>(own) != OwnLine::elsewhere) map.records_ += *repeat;
  }
  return map;
}

void ItemMap::append_to(ByteBuffer& out) const {
  auto signal = model::Signal::unknown;
  for (const Run& run : runs_) {
    if (run.signal != signal) {
      signal = run.signal;
      put_varint(out, static_cast<std::uint32_t>(signal) << 2 | signal_mark);
    }
    put_varint(out, run.items << 2 | static_cast<std::uint32_t>(run.own));
    put_varint(out, run.repeat);
  }
}

model::SignalCounts ItemMap::signals() const noexcept {
  model::SignalCounts counts;
  for (const Run& run : runs_) {
    if (run.own != OwnLine::elsewhere) counts[run.signal] += run.repeat;
  }
  return counts;
}

}  // namespace posthaste::wire
